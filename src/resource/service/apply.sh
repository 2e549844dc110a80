# Row: unit, enable|disable|"", start|stop|restart|reload|"", seconds to wait for systemd.
split_row "$ROWS"
unit=$f1 enabling=$f2 verb=$f3 limit=$f4

# state: sets $id (another name where the unit's is an alias), $load, $active, $sub, $type, $result, $code, $status,
# $file, $invocation and $outdated.
state() {
    id=$unit load='' active='' sub='' type='' result='' code='' status='' file='' invocation='' outdated=''
    properties=Id,LoadState,ActiveState,SubState,Type,Result,ExecMainCode,ExecMainStatus,UnitFileState,InvocationID
    for line in $(systemctl show --no-pager --property="$properties,NeedDaemonReload" -- "$unit"); do
        case $line in
            Id=?*) id=${line#*=} ;;
            LoadState=*) load=${line#*=} ;;
            ActiveState=*) active=${line#*=} ;;
            SubState=*) sub=${line#*=} ;;
            Type=*) type=${line#*=} ;;
            Result=*) result=${line#*=} ;;
            ExecMainCode=*) code=${line#*=} ;;
            ExecMainStatus=*) status=${line#*=} ;;
            UnitFileState=*) file=${line#*=} ;;
            InvocationID=*) invocation=${line#*=} ;;
            NeedDaemonReload=*) outdated=${line#*=} ;;
        esac
    done
}

# refuse MESSAGE: nothing was tried.
refuse() {
    echo "$1"
    exit 1
}

# give_up MESSAGE: what the journal says last, what systemd says, and why.
give_up() {
    state
    if command -v journalctl >/dev/null; then
        journalctl --sync >/dev/null 2>&1
        journalctl --no-pager --quiet --lines=10 --output=cat --unit="$id" 2>/dev/null
    fi
    [ "$result" != success ] || result=
    echo "$unit is $active ($sub)${result:+, result $result}"
    # Exit codes that systemd itself gives a process it could not start: systemd.exec(5).
    if [ "$code" = 1 ]; then
        case $status in
            200) echo "hint: its WorkingDirectory= is not there or may not be entered" ;;
            203) echo "hint: the program in ExecStart= is not there or may not be run" ;;
            216) echo "hint: its Group= does not exist" ;;
            217) echo "hint: its User= does not exist" ;;
            226) echo "hint: a path that its sandbox names (ReadWritePaths=, PrivateTmp=, ...) is not there" ;;
        esac
    fi
    echo "$1"
    exit 1
}

state
# What systemd starts is what it has read.
if [ "$outdated" = yes ] && [ "$verb" != stop ]; then
    systemctl daemon-reload || exit
fi
case $load in
    not-found)
        case $verb in
            start | restart | reload) refuse "the host has no unit $unit: no package or unit of the spec brings it" ;;
        esac
        ;;
    masked)
        case $enabling$verb in
            *enable* | *start*) refuse "$unit is masked: systemctl unmask $unit lets it run" ;;
        esac
        ;;
esac

if [ -n "$enabling" ]; then
    systemctl --quiet "$enabling" -- "$id" || exit
    if [ "$enabling" = enable ]; then
        state
        case $file in
            static) refuse "$unit has no [Install] section, so nothing can enable it: add WantedBy=, or leave \`enabled\` out" ;;
        esac
    fi
fi
[ -n "$verb" ] || exit 0

state
before=$invocation
case $verb in
    start)
        # Something else has started it since it was looked at (its package, say), perhaps before its configuration was
        # in place; or it is about to start again after a crash.
        case $active in
            inactive | failed) ;;
            *) verb=restart ;;
        esac
        ;;
    reload) verb=reload-or-restart ;;
esac
# A unit that failed too often may be started again: the change that failed it is being mended.
case $verb in start | restart) systemctl reset-failed -- "$unit" 2>/dev/null ;; esac

timeout --foreground "$limit" systemctl "$verb" -- "$unit"
ended=$?
case $ended in
    0) ;;
    124) give_up "systemctl $verb $unit did not end within $limit s" ;;
    *) give_up "systemctl $verb $unit failed" ;;
esac

state
case $verb in
    stop)
        case $active in
            inactive | failed) exit 0 ;;
        esac
        give_up "$unit did not stop"
        ;;
    reload-or-restart) ;;
    *)
        if [ "$type" = oneshot ] && [ "$active" = inactive ]; then
            [ "$result" = success ] || give_up "$unit failed"
            [ "$f3" = restart ] ||
                give_up "$unit has done its work and ended, as Type=oneshot does: give it RemainAfterExit=yes, or leave \`running\` out"
        fi
        if [ -n "$invocation" ] && [ "$invocation" = "$before" ]; then
            give_up "$unit was not started anew: systemd still shows the same run"
        fi
        ;;
esac

# A process that tells nobody when it is ready counts as started at once; one that dies in its first second did not start.
started=$invocation
case $type in
    simple | exec | idle | forking) tries=5 ;;
    *) tries=1 ;;
esac
while [ "$tries" -gt 0 ]; do
    case $active in
        active | reloading | refreshing) ;;
        *) [ "$type" = oneshot ] || give_up "$unit ended right after its start" ;;
    esac
    [ "$invocation" = "$started" ] || give_up "$unit ended right after its start, and systemd started it again"
    tries=$((tries - 1))
    [ "$tries" -eq 0 ] || sleep 0.2 2>/dev/null || sleep 1
    state
done
