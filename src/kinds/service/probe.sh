# Running is running, stopped or changing, enabled is enabled or disabled; then come LoadState, ActiveState, SubState and
# UnitFileState.
# Record: "no-systemd"
# Record: running, enabled, load, active, sub, file
# One systemctl show, however many rows: it prints a block for each unit, in the order asked, with an empty line between.
columns unit should_start
if ! [ -d /run/systemd/system ]; then
    i=0
    for row in $ROWS; do
        emit "$i" no-systemd
        i=$((i + 1))
    done
    return 0
fi
units=
for row in $ROWS; do
    read_row "$row"
    units=$units$unit$NL
done
# It fails at a name that is none, and then says nothing of those after it: they have no record.
blocks=$(systemctl show --no-pager --property=LoadState,ActiveState,SubState,UnitFileState -- $units)

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

i=0 load='' active='' sub='' file=''
set -- $ROWS
while IFS= read -r line; do
    case $line in
        LoadState=*) load=${line#*=} ;;
        ActiveState=*) active=${line#*=} ;;
        SubState=*) sub=${line#*=} ;;
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
                enabled) enabled=enabled ;;
                # Only others that it names in Also= are enabled and disabled with it.
                indirect) [ -z "$should_start" ] || enabled=enabled ;;
                generated) ! starts_by_script "$unit" || enabled=enabled ;;
            esac
            emit "$i" "$running" "$enabled" "$load" "$active" "$sub" "$file"
            i=$((i + 1)) load='' active='' sub='' file=''
            ;;
    esac
done <<EOF
$blocks

.
EOF
