# Row: unit. Record: ActiveState, UnitFileState, LoadState.
# One systemctl show, however many rows: it prints a block for each unit, in the order asked, with an empty line between.
if ! [ -d /run/systemd/system ]; then
    i=0
    for row in $ROWS; do
        emit "$i" no-systemd
        i=$((i + 1))
    done
    return 0
fi
blocks=$(systemctl show --no-pager --property=LoadState,ActiveState,UnitFileState -- $ROWS && printf '\n.')
i=0 active='' file='' load=''
while IFS= read -r line; do
    case $line in
        ActiveState=*) active=${line#*=} ;;
        UnitFileState=*) file=${line#*=} ;;
        LoadState=*) load=${line#*=} ;;
        '' | .)
            [ -n "$load" ] || continue
            emit "$i" "$active" "$file" "$load"
            i=$((i + 1)) active='' file='' load=''
            ;;
    esac
done <<EOF
$blocks
EOF
