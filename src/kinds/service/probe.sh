# Running is running, stopped or changing; enabled is enabled, disabled, or outdated where its links are not those of today's
# [Install]; then come LoadState, ActiveState, SubState and UnitFileState.
# Record: "no-systemd"
# Record: "lacks", form, what
# Record: running, enabled, load, active, sub, file
# One systemctl show, however many rows: it prints a block for each unit, in the order asked, with an empty line between. One more
# systemctl for each unit that names others in Also=. Starts is yes, no, or "" where nothing is said about it.
columns unit starts
if ! [ -d /run/systemd/system ]; then
    i=0
    for row in $ROWS; do
        emit "$i" no-systemd
        i=$((i + 1))
    done
    return 0
fi
units='' kept_off=$NL
for row in $ROWS; do
    read_row "$row"
    units=$units$unit$NL
    [ "$starts" != no ] || kept_off=$kept_off$unit$NL
done
# It fails at a name that is none, and then says nothing of those after it: they have no record.
blocks=$(systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,FragmentPath,DropInPaths,UnitFileState -- $units)

# starts_by_script UNIT: a unit that is generated from a script in /etc/init.d starts with the host where a link to that
# script says so; what else is generated starts as its generator has it.
starts_by_script() {
    script=${1%.service}
    [ -e "/etc/init.d/$script" ] || return 0
    set +f
    for link in /etc/rc[2345].d/S[0-9][0-9]"$script"; do
        if [ -e "$link" ]; then
            set -f
            return 0
        fi
    done
    set -f
    return 1
}

# has_others: whether what is to be enabled with it is, apart from what is to be kept off.
has_others() {
    others=
    for word in $also; do
        case $word$NL$kept_off in *@.* | "$id$NL"*) continue ;; esac
        case $kept_off in *"$NL$word$NL"*) ;; *) others=$others$word$NL ;; esac
    done
    [ -n "$others" ] || return 0
    case $NL$(systemctl is-enabled -- $others 2>/dev/null)$NL in *"${NL}disabled$NL"*) return 1 ;; esac
}

# find_links: whether it starts with the host as today's [Install] has it; sets $enabled.
find_links() {
    read_links
    enabled=enabled
    if [ -z "$by_wants$by_requires$by_upholds$aliases" ]; then
        # All it asks for is others.
        has_others || enabled=disabled
    elif ! has_links || ! has_others; then
        enabled=outdated
    fi
}

i=0 id='' load='' active='' sub='' fragment='' drop_ins='' file=''
set -- $ROWS
while IFS= read -r line; do
    case $line in
        Id=*) id=${line#*=} ;;
        LoadState=*) load=${line#*=} ;;
        ActiveState=*) active=${line#*=} ;;
        SubState=*) sub=${line#*=} ;;
        FragmentPath=*) fragment=${line#*=} ;;
        DropInPaths=*) drop_ins=${line#*=} ;;
        UnitFileState=*) file=${line#*=} ;;
        '' | .)
            if [ -z "$load" ] || [ "$#" -eq 0 ]; then continue; fi
            read_row "$1"
            shift
            case $active in
                active | reloading | refreshing) running=running ;;
                inactive | failed) running=stopped ;;
                *) running=changing ;;
            esac
            enabled=disabled
            case $file in
                enabled) if [ "$starts" = yes ]; then find_links; else enabled=enabled; fi ;;
                # It has no link of its own name: only others that it names in Also= are enabled with it, or an alias is left.
                indirect) [ "$starts" != yes ] || find_links ;;
                generated) ! starts_by_script "$unit" || enabled=enabled ;;
            esac
            emit "$i" "$running" "$enabled" "$load" "$active" "$sub" "$file"
            form=unit what=$unit
            [ "$load" != not-found ] || emit "$i" lacks "$form" "$what"
            form=condition what="its unit has no [Install] section, so it cannot be enabled: leave out \`enabled\`, or add one"
            case $load:$file:$starts in loaded:static:yes) emit "$i" lacks "$form" "$what" ;; esac
            i=$((i + 1)) id='' load='' active='' sub='' fragment='' drop_ins='' file=''
            ;;
    esac
done <<EOF
$blocks

.
EOF
