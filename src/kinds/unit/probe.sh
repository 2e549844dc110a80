# After what looks at the files. The unit is the one that systemd must have loaded, "" for a template, which is loaded only as
# its instances. A second or third record, where systemd has not read the file as it is now:
# Record: "stale"
# One systemctl show for all rows.
# Units that were written without the reload that must follow are on a list; it is in memory, as what systemd has read is.
columns path hash most unit
unit_list=/run/infra-daemon-reload
units=
for row in $ROWS; do
    read_row "$row"
    [ -z "$unit" ] || units=$units$unit$NL
done
states=
if [ -n "$units" ] && [ -d /run/systemd/system ]; then
    states=$(systemctl show --no-pager --property=NeedDaemonReload --value -- $units) || return
fi
written=
if [ -e "$unit_list" ]; then
    while IFS= read -r line; do
        written=$written$line$NL
    done <"$unit_list"
fi
set -- $states
i=0
for row in $ROWS; do
    read_row "$row"
    stale=
    if [ -n "$unit" ]; then
        stale=${1-}
        [ "$#" -eq 0 ] || shift
    fi
    case $NL$written in *"$NL$path$NL"*) stale=yes ;; esac
    [ "$stale" != yes ] || emit "$i" stale
    i=$((i + 1))
done
