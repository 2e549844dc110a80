# Guards the shells that run steps. It reads lines from the other end:
#   h            someone is there
#   + PROCESS    a shell starts to run steps
#   - PROCESS    it is done
#   s PROCESS    it stops after the step that runs
#   k PROCESS…   it ends now, with all it has started
#   p DONE OF    how many of its changes the run has made
# When the other end is gone or silent, all shells end that still run steps. Where it has the host's lock (lock.sh), it lets go
# of it only then, and no child may keep that: descriptor 9.
watched=
progress="0 $of"
# Only there to wake the shell from its reading.
trap : TERM
(
    silent=0
    trap 'silent=0' USR2
    while [ "$silent" -lt 6 ]; do
        silent=$((silent + 1))
        sleep "$heartbeat" &
        wait $!
    done
    # Until it ends this one: a signal that comes while the shell does not read wakes nobody.
    while kill -s TERM "$$"; do
        sleep 1 &
        wait $!
    done
) </dev/null >/dev/null 2>&1 3<&- 4>&- 9>&- &
timer=$!

# Ends shells, given with spaces between, and all that belongs to them: asks first, then insists.
end_shells() {
    signal_tree TERM "$1"
    _round=0
    while [ "$_round" -lt 10 ]; do
        _alive=
        IFS=' '
        for _process in $tree; do
            if kill -0 "$_process" 2>/dev/null; then
                _alive=1
            fi
        done
        IFS=$NL
        [ -n "$_alive" ] || break
        _round=$((_round + 1))
        sleep 0.5 2>/dev/null 9>&- || sleep 1 9>&-
    done </dev/null
    signal_tree KILL "$tree"
}

tell watching "$last"
while IFS=' ' read -r word processes <&3; do
    case $word in
        h) kill -s USR2 "$timer" 2>/dev/null ;;
        +) watched="$watched $processes" ;;
        -)
            IFS=' '
            _left=
            for _process in $watched; do
                [ "$_process" = "$processes" ] || _left="$_left $_process"
            done
            IFS=$NL
            watched=$_left
            ;;
        s) kill -s USR1 "$processes" 2>/dev/null ;;
        k) end_shells "$processes" ;;
        p)
            progress=$processes
            [ -z "$lock" ] || hold "${progress% *}" "${progress#* }" running
            ;;
    esac
done
kill "$timer" 2>/dev/null
[ -z "$watched" ] || end_shells "$watched"
if [ -n "$lock" ]; then
    # Nothing of the run changes the host any more.
    hold "${progress% *}" "${progress#* }" ended
    sweep "$run"
fi
exit 0
