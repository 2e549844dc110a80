# Enabling is enable, reenable, disable, keep (reenable where its links are not those of today's [Install]) or "", the verb start,
# stop, restart, reload or "", the limit in seconds. All but the unit is the same in every row. One systemctl for all units, whatever
# it is asked.
columns unit enabling verb limit
units='' count=0
for row in $ROWS; do
    read_row "$row"
    units=$units$unit$NL
    count=$((count + 1))
done
refused= # indexes between colons

# look: asks systemd about all units; sets $block_0, …
look() {
    properties=Id,LoadState,ActiveState,SubState,Type,Result,ExecMainCode,ExecMainStatus,UnitFileState,InvocationID
    properties=$properties,NeedDaemonReload,CPUUsageNSec,FragmentPath,DropInPaths,Triggers,Accept
    blocks=$(systemctl show --no-pager --property="$properties" -- $units)$NL$NL
    at=0
    while [ "$at" -lt "$count" ]; do
        eval "block_$at=\${blocks%%\"\$NL\$NL\"*}"
        blocks=${blocks#*"$NL$NL"}
        at=$((at + 1))
    done
}

# state INDEX: sets what systemd said of a unit: $id (another name where the unit's is an alias), $load, $active, $sub,
# $type, $result, $code, $status, $file, $invocation, $outdated, $cpu, $fragment, $drop_ins, $triggers and $accept.
state() {
    id='' load='' active='' sub='' type='' result='' code='' status='' file='' invocation='' outdated='' cpu=''
    fragment='' drop_ins='' triggers='' accept=''
    eval "lines=\$block_$1"
    for line in $lines; do
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
            CPUUsageNSec=*) cpu=${line#*=} ;;
            FragmentPath=*) fragment=${line#*=} ;;
            DropInPaths=*) drop_ins=${line#*=} ;;
            Triggers=*) triggers=${line#*=} ;;
            Accept=*) accept=${line#*=} ;;
        esac
    done
}

# each COMMAND: runs it for each unit that has not failed, with its $index, its name as $unit, and its state.
each() {
    index=-1
    for unit in $units; do
        index=$((index + 1))
        case $refused in *":$index:"*) continue ;; esac
        state "$index"
        : "${id:=$unit}"
        "$1"
    done
}

# refuse MESSAGE: nothing more is done about this unit.
refuse() {
    refused=$refused:$index:
    item_failed "$index" "$1"
}

# give_up MESSAGE: what the journal says last, what systemd says, and why; of several, each with its own.
give_up() {
    if [ "$count" = 1 ]; then
        tell_why
        refuse "$1"
    else
        refuse "$1$NL$(tell_why)"
    fi
}

tell_why() {
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
}

# What systemd starts is what it has read.
find_outdated() {
    [ "$outdated" != yes ] || reload=1
}

find_missing() {
    case $load in
        not-found)
            case $verb in
                start | restart | reload) refuse "the host has no unit $unit: no package or unit of the spec brings it" ;;
            esac
            ;;
        masked)
            case $enabling$verb in
                enable* | reenable* | *start*) refuse "$unit is masked: systemctl unmask $unit lets it run" ;;
            esac
            ;;
    esac
}

collect() {
    chosen=$chosen$id$NL
}

collect_by_origin() {
    if [ "$enabling" = keep ]; then
        case $file in enabled | indirect) read_links ;; *) return 0 ;; esac
        ! has_links || return 0
    fi
    case $file in
        generated) generated=$generated$id$NL ;;
        # reenable would take the link that leads to its file, too.
        *) if [ -L "/etc/systemd/system/$id" ]; then linked=$linked$id$NL; else native=$native$id$NL; fi ;;
    esac
}

enable_alone() {
    case $NL$linked in *"$NL$id$NL"*) set -- "${enabling#re}" ;; *) set -- "$enabling" ;; esac
    message=$(systemctl --quiet "$1" -- "$id" 2>&1) || refuse "$message"
}

find_static() {
    [ "$file" != static ] ||
        refuse "$unit has no [Install] section, so nothing can enable it: add WantedBy=, or leave \`enabled\` out"
}

# systemctl asks for one after the other, and a service waits for its socket where that is asked for already.
ask_first() {
    case $id in
        *.socket) first=$unit$NL$first ;;
        *) first=$first$unit$NL ;;
    esac
}

# Notes the run that is now, and what is asked of systemd.
prepare() {
    eval "before_$index=\$invocation"
    case $verb in
        start)
            # Something else has started it since it was looked at (its package, say), perhaps before its configuration was
            # in place; or it is about to start again after a crash.
            case $active in
                inactive | failed) ask_first ;;
                *) second=$second$unit$NL ;;
            esac
            ;;
        *) ask_first ;;
    esac
}

# systemd starts no socket while the service is active that is to get it. Instances for single connections do not get it.
find_behind() {
    case $id:$accept in
        *.socket:no) sockets=$sockets$id$NL behind=$behind${triggers:+$triggers$NL} ;;
    esac
}

# Stops the services that run behind these sockets, and the sockets, which would start them again; sets $stopped to the services.
make_way() {
    stopped='' sockets='' behind=''
    each find_behind
    [ -n "$behind" ] || return 0
    set -- $behind
    for is in $(systemctl is-active -- $behind); do
        case $is in active | activating | reloading | refreshing) stopped=$stopped$1$NL ;; esac
        shift
    done
    [ -z "$stopped" ] || timeout --foreground "$limit" systemctl stop -- $sockets $stopped
}

# Starts them again, whatever became of the sockets.
close_up() {
    [ -n "$stopped" ] || return 0
    message=$(timeout --foreground "$limit" systemctl start -- $stopped 2>&1) || each refuse_behind
}

refuse_behind() {
    case $NL$sockets in
        *"$NL$id$NL"*) refuse "what it starts was stopped for it, and did not start again: $message" ;;
    esac
}

# request REQUEST UNIT…: sets $ended.
request() {
    ended=0
    [ $# -gt 1 ] || return 0
    asked=$1
    shift
    timeout --foreground "$limit" systemctl "$asked" -- "$@"
    ended=$?
}

# Says whether systemd did what was asked.
judge() {
    ended=$first_ended asked=$request
    case $NL$second in *"$NL$unit$NL"*) ended=$second_ended asked=restart ;; esac
    # Others were asked for together with it.
    if [ "$ended" != 0 ] && [ "$count" != 1 ]; then
        case $verb:$active in
            stop:inactive | stop:failed) ended=0 ;;
            start:active | restart:active | *:reloading | *:refreshing) ended=0 ;;
            start:inactive | restart:inactive)
                if [ "$type" = oneshot ] && [ "$result" = success ]; then ended=0; fi
                ;;
        esac
    fi
    case $ended in
        0) ;;
        124) give_up "systemctl $asked $unit did not end within $limit s" && return ;;
        *) give_up "systemctl $asked $unit failed" && return ;;
    esac
    case $verb in
        stop)
            case $active in
                inactive | failed) ;;
                *) give_up "$unit did not stop" ;;
            esac
            ;;
        start | restart)
            eval "before=\$before_$index"
            if [ "$type" = oneshot ] && [ "$active" = inactive ]; then
                if [ "$result" != success ]; then
                    give_up "$unit failed"
                    return
                elif [ "$verb" != restart ]; then
                    give_up "$unit has done its work and ended, as Type=oneshot does: give it RemainAfterExit=yes, or leave \`running\` out"
                    return
                fi
            fi
            if [ -n "$invocation" ] && [ "$invocation" = "$before" ]; then
                give_up "$unit was not started anew: systemd still shows the same run"
            fi
            ;;
    esac
}

# A process that tells nobody when it is ready counts as started at once; one that dies before it comes to rest, within a
# second, did not start. At rest is what has used no processor for a twentieth of a second.
watch() {
    case $active in
        active | reloading | refreshing) ;;
        *)
            if [ "$type" != oneshot ]; then
                give_up "$unit ended right after its start"
                return
            fi
            ;;
    esac
    eval "started=\${started_$index-\$invocation} used=\${used_$index-}"
    if [ "$invocation" != "$started" ]; then
        give_up "$unit ended right after its start, and systemd started it again"
        return
    fi
    eval "started_$index=\$invocation used_$index=\$cpu"
    case $type in
        simple | exec | idle | forking)
            case $cpu in
                '' | *[!0-9]* | 18446744073709551615) restless=1 ;;
                *) [ "$cpu" = "$used" ] || restless=1 ;;
            esac
            ;;
    esac
}

look
reload=
[ "$verb" = stop ] || each find_outdated
if [ -n "$reload" ]; then
    systemctl daemon-reload || exit
    look
fi
each find_missing

if [ -n "$enabling" ]; then
    [ "$enabling" = disable ] || each find_static
    native='' linked='' generated=''
    each collect_by_origin
    [ "$enabling" != keep ] || enabling=reenable
    # For a unit that has an init script beside it, systemctl would have the links of other init systems made anew too, and
    # read all units again for each. systemd looks at them only where there is nothing but the script.
    if { [ -n "$native" ] && ! SYSTEMCTL_SKIP_SYSV=1 systemctl --quiet "$enabling" -- $native 2>/dev/null; } ||
        { [ -n "$linked" ] && ! SYSTEMCTL_SKIP_SYSV=1 systemctl --quiet "${enabling#re}" -- $linked 2>/dev/null; } ||
        { [ -n "$generated" ] && ! systemctl --quiet "$enabling" -- $generated 2>/dev/null; }; then
        each enable_alone
    fi
fi
[ -n "$verb" ] || exit 0

# A unit that failed too often may be started again: the change that failed it is being mended.
case $verb in
    start | restart)
        chosen=
        each collect
        [ -z "$chosen" ] || systemctl reset-failed -- $chosen 2>/dev/null
        ;;
esac
first='' second=''
each prepare
stopped=
[ "$verb" = stop ] || make_way
request=$verb
[ "$verb" != reload ] || request='reload-or-restart'
request "$request" $first
first_ended=$ended
request restart $second
second_ended=$ended
close_up
look
each judge
case $verb in stop) exit 0 ;; esac
tries=16
while :; do
    restless=
    each watch
    tries=$((tries - 1))
    if [ -z "$restless" ] || [ "$tries" -le 0 ]; then
        exit 0
    fi
    if ! sleep 0.05 2>/dev/null; then
        sleep 1
        tries=1
    fi
    look
done
