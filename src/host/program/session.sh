# What only the session's own shell needs: it runs frames, watches the time, and tells the other end how each part ended.
# $state_folder and $count_processes have been set before.
exec 4>&1
cd /
stopping=
trap : USR2
trap 'stopping=1' USR1

# The account this shell runs as; /proc spares a process.
uid=
if [ -r /proc/self/status ]; then
    while IFS=$TAB read -r _name uid _rest; do
        [ "$_name" != Uid: ] || break
    done </proc/self/status
fi
[ -n "$uid" ] || uid=$(id -u)
if [ -z "$state_folder" ]; then
    if [ "$uid" = 0 ]; then
        state_folder=/var/lib/infra
    else
        state_folder=${XDG_STATE_HOME:-${HOME-}/.local/state}/infra
    fi
fi

# Tells the other end something: a word and its fields. A newline first, for what was written before may lack one.
tell() {
    IFS=$US
    printf '\n%s\n' "$R!$*"
    IFS=$NL
}

# Starts the one process that lets time pass for the shell with this process id: after so many seconds it wakes the shell
# once a second. Not before, because bash may lose the status of a child that ends while a signal arrives.
start_ticking() {
    (
        _left=$2
        while sleep 1; do
            _left=$((_left - 1))
            _signal=0
            [ "$_left" -gt 0 ] || _signal=USR2
            kill -s "$_signal" "$1" || exit 0
        done
    ) </dev/null >/dev/null 2>&1 3<&- 4>&- &
    ticker=$!
}

stop_ticking() {
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null
}

# Sets $now, in seconds.
tell_time() {
    IFS=' ' read -r now _rest </proc/uptime
    now=${now%%.*}
}

# Waits for a child of this shell. Puts its exit status into $status; false where it is still running after this many
# seconds.
await() {
    tell_time
    _deadline=$((now + $2 + 1))
    while :; do
        wait "$1"
        status=$?
        # A status up to 128 cannot come from a signal that woke this shell, and another one only where it is running.
        [ "$status" -gt 128 ] || return 0
        if ! [ -e "/proc/$1" ]; then
            # USR1 or USR2 woke it just when the child ended; on a busy host both may, and the ticker once more.
            for _again in 1 2 3 4 5; do
                case $status in 138 | 140) ;; *) break ;; esac
                _status=$status
                wait "$1"
                status=$?
                # Nothing to wait for: the status was the child's own.
                [ "$status" != 127 ] || { status=$_status && break; }
            done
            return 0
        fi
        tell_time
        [ "$now" -lt "$_deadline" ] || return 1
    done
}

# Sets $tree to a process, its descendants, and what belongs to the sessions and groups they lead.
process_tree() {
    tree=" $1 "
    set +f
    _grown=1
    while [ -n "$_grown" ]; do
        _grown=
        for _stat in /proc/[0-9]*/stat; do
            _pid=${_stat#/proc/}
            _pid=${_pid%/stat}
            case $tree in
                *" $_pid "*) continue ;;
            esac
            { read -r _line <"$_stat"; } 2>/dev/null || continue
            # The name in parentheses may hold anything; state, parent, group and session follow it.
            IFS=' '
            set -- ${_line##*) }
            IFS=$NL
            case $tree in
                *" ${2-} "* | *" ${3-} "* | *" ${4-} "*)
                    tree="$tree$_pid "
                    _grown=1
                    ;;
            esac
        done
    done
    set -f
}

# Sends a signal to a process and all that belongs to it.
signal_tree() {
    process_tree "$2"
    IFS=' '
    kill -s "$1" $tree 2>/dev/null
    # Only the account itself may signal what runs as another one.
    if [ -n "$user" ] && [ "$uid" != 0 ]; then
        sudo -n -u "$user" -- "$SH" -c 'kill -s "$@" 2>/dev/null' infra "$1" $tree </dev/null >/dev/null 2>&1 9>&-
    fi
    IFS=$NL
}

# Runs a program in a function, so that it may return.
run_program() {
    eval "$program"
}

frame_begin() {
    frame_number=$1
    user=
    tell frame "$1"
    if [ -n "$count_processes" ]; then
        : &
        first_process=$!
    fi
}

frame_end() {
    if [ -n "$count_processes" ]; then
        : &
        tell processes "$first_process" "$!"
        wait
    fi
    tell done "$1"
}

# Runs one section of an observation: its number, the seconds it may take, its program, its rows.
observe() {
    tell begin "$1"
    (
        program=$3
        ROWS=$4
        set --
        run_program
    ) </dev/null 2>&1 3<&- 4>&- &
    if await $! "$2"; then
        tell end "$1" "$status"
    else
        # What hangs on a dead mount does not even die; nobody waits for it.
        signal_tree KILL $!
        tell end "$1" late
    fi
}

# Runs a part of an observation: a function, and the fewest seconds that any of its sections may take.
run_half() {
    IFS=' ' read -r self _rest </proc/self/stat
    trap : USR2
    start_ticking "$self" "$2"
    "$1"
    stop_ticking
}

# Runs two parts of an observation side by side, where there is more than one processor. The second one's answer follows
# the first one's. It ends with a mark: what hangs in it holds the pipe open.
run_halves() {
    _processors=
    { read -r _processors </sys/devices/system/cpu/online; } 2>/dev/null
    if [ "$_processors" = 0 ]; then
        run_half "$1" "$2"
        run_half "$3" "$4"
        return
    fi
    {
        run_half "$3" "$4"
        # And a line after it, because busybox sed reads one line ahead.
        printf '\n%s!half\n\n' "$R"
    } | {
        run_half "$1" "$2"
        sed "/^$R!half\$/q"
    }
}
