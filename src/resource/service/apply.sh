# Row: unit, enable|disable|"", start|stop|restart|reload|"".
split_row "$ROWS"
unit=$f1 enabling=$f2 verb=$f3
[ -z "$enabling" ] || systemctl "$enabling" --quiet -- "$unit" || exit
[ -n "$verb" ] || exit 0
# A unit that failed too often may be started again: the change that failed it is being mended.
case $verb in start | restart) systemctl reset-failed -- "$unit" 2>/dev/null ;; esac
if [ "$verb" = reload ]; then
    verb=reload-or-restart
fi
if ! systemctl "$verb" -- "$unit"; then
    status=$?
    journalctl --no-pager --quiet --lines=8 --output=cat --unit="$unit" 2>/dev/null
    exit "$status"
fi
# Type=simple counts as started at once; one that dies in its first moments did not start.
tries=0
while [ "$verb" != stop ] && [ "$tries" -lt 5 ]; do
    state=$(systemctl show --property=ActiveState --value -- "$unit")
    case $state in
        activating) sleep 1 ;;
        failed)
            journalctl --no-pager --quiet --lines=8 --output=cat --unit="$unit" 2>/dev/null
            echo "$unit failed right after its start"
            exit 1
            ;;
        *) break ;;
    esac
    tries=$((tries + 1))
done
