# Runs steps: gates them, feeds them, watches the time, verifies what they did. Sent before the first of them.

# Every child runs this: it reads its program, whole, from standard input; what follows there is the step's own input.
loader='IFS= read -r size; text=$(dd bs="$size" count=1 iflag=fullblock 2>/dev/null)
case $text in *": whole") eval "$text" ;; *) echo "the program did not arrive whole" >&2; exit 98 ;; esac'

# What the journal says of this run is in it.
noted_run=

# What a step of this account finds of it, as a text that sets variables. One of another account has no state folder.
own_account="uid=$uid state_folder='"
_rest=$state_folder
while :; do
    case $_rest in *\'*) ;; *) break ;; esac
    own_account="$own_account${_rest%%\'*}'\\''"
    _rest=${_rest#*\'}
done
own_account="$own_account$_rest'"

# Runs one step, as often as it may be tried:
#   step, limit, tries, pause   its number, seconds, a number, seconds
#   input, user, kind           bytes of standard input for each try; the account, empty for this one; the kind it is of
#   needs, completes            items that must be fine before; items that are fine after it ended with 0
#   data, data_size             the text that sets its rows; the size of what its child reads as its program, but for what it
#                               finds of the account
#   look, look_limit, look_rows, seen           where it looks again before it starts: what its probe told before
#   firsts                                      of each row only the first record counts in that
#   check, check_limit, check_rows, expected    the verification, where there is one
#   owes, settles               records to write before and to remove after
#   ends, about                 what the journal calls done once it has gone well, and failed otherwise: fields of a line
# Arguments: its program, the program of its look and its verification.
run_frame_step() {
    for _item in $needs; do
        if eval "[ -z \"\${fine_${frame_number}_$_item-}\" ]"; then
            skip_input "$tries"
            tell skipped "$step" "$_item"
            return 0
        fi
    done
    if [ -n "$stopping" ]; then
        skip_input "$tries"
        tell cancelled "$step"
        return 0
    fi
    if [ -n "$look" ]; then
        if [ "$(look_again "$2")" != same ]; then
            skip_input "$tries"
            return 0
        fi
        eval "fine_${frame_number}_$look=1"
    fi
    if [ -n "$unnoted" ] || ! record_owed; then
        skip_input "$tries"
        tell ended "$step" unrecorded
        return 0
    fi
    while :; do
        tries=$((tries - 1))
        tell step "$step"
        _verdict=$(feed "$1" | supervise "$2")
        _fine=
        _told=
        for _word in $_verdict; do
            case $_word in
                told) _told=1 ;;
                fine) _fine=1 ;;
                0) for _item in $completes; do eval "fine_${frame_number}_$_item=1"; done ;;
                item*) eval "fine_${frame_number}_${_word#item}=1" ;;
            esac
        done
        # Someone killed the one who watched it.
        [ -n "$_told" ] || tell ended "$step" 137
        if [ -n "$_fine" ] || [ "$tries" = 0 ] || [ -n "$stopping" ]; then
            break
        fi
        sleep "$pause" </dev/null 3<&- 4>&- &
        wait $!
        if [ -n "$stopping" ]; then
            # Asked to stop meanwhile: what failed has failed.
            kill $! 2>/dev/null
            break
        fi
    done
    skip_input "$tries"
    if [ -n "$_fine" ]; then
        settle "$settles"
        [ -z "$ends" ] || note_end "done$US$ends"
    else
        [ -z "$about" ] || note_end "failed$US$about"
    fi
}

# Notes in the journal what is about to happen: a line for the run, the first time, and one for each line of what it does, on
# disk before any of it begins. Sets $unnoted where that cannot be.
intend() {
    unnoted=1
    _journal=$state_folder/journal/$ledger
    _lines=
    [ -n "$noted_run" ] || _lines="run$US$run$US$1$NL"
    for _line in $2; do _lines="${_lines}will$US$run$US$_line$NL"; done
    if ! [ -d "$state_folder/journal" ]; then
        (umask 077 && mkdir -p "$state_folder/journal") </dev/null >&4 2>&1 3<&- 4>&- || return 0
    fi
    # The folder lets nobody else in.
    { printf '%s' "$_lines" >>"$_journal"; } 2>/dev/null || return 0
    noted_run=1 unnoted=
    sync "$_journal" </dev/null >/dev/null 2>&1 3<&- 4>&- || sync </dev/null 3<&- 4>&-
}

# Notes in the journal what became of something.
note_end() {
    { printf '%s\n' "did$US$run$US$1" >>"$state_folder/journal/$ledger"; } 2>/dev/null || :
}

# Reads over the input of tries that are not made.
skip_input() {
    if [ "$1" != 0 ] && [ "$input" != 0 ]; then
        take $(($1 * input)) <&3 >/dev/null
    fi
}

# Writes what a child reads: its program, then the step's input.
feed() {
    exec 4>&-
    _account='uid= state_folder='
    if [ -z "$user" ] || [ "$user" = "$LOGNAME" ]; then _account=$own_account; fi
    printf '%s\n' "$((data_size + ${#_account} + 1))" "$setup" "$_account" "$data" "$child_start" "$1" "$child_end"
    [ "$input" = 0 ] || take "$input" <&3
}

# Runs a child on what it is fed. Its output goes to the other end; standard output is the verdict: "told" once its end
# has been told, "0" where it ended with 0, "item" and a number for each item that is as expected, "fine" where nothing
# is left to wish for.
supervise() {
    exec 5<&0 </dev/null 3<&-
    IFS=' ' read -r self _rest </proc/self/stat
    trap : USR2
    _first=$limit
    [ -z "$check" ] || [ "$check_limit" -ge "$limit" ] || _first=$check_limit
    start_ticking "$self" "$_first"
    launch <&5 >&4 2>&4 4>&- 5<&- &
    if await $! "$limit"; then
        _result=$status
    else
        _result=late
        end_tree $!
    fi
    tell ended "$step" "$_result" >&4
    printf 'told\n'
    _left=
    if [ -n "$check" ]; then
        tell check "$step" >&4
        (probe_again "$1" "$check_rows" | judge) </dev/null 5<&- &
        if ! await $! "$check_limit"; then
            signal_tree KILL $!
            tell checked "$step" late >&4
        fi
    elif [ "$_result" = 0 ]; then
        printf 'fine\n'
    fi
    [ "$_result" != 0 ] || printf '0\n'
    kill "$ticker" 2>/dev/null
    # What the child left unread must not be taken for the next frame.
    cat <&5 >/dev/null
}

# Becomes the child, in a session of its own so that all that belongs to it can be found, named after its kind for who looks
# at the processes of the host.
launch() {
    if [ -z "$user" ] || [ "$user" = "$LOGNAME" ]; then
        exec setsid "$SH" -c "$loader" "infra: $kind"
    fi
    unset XDG_RUNTIME_DIR XDG_STATE_HOME DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK
    if [ "$uid" != 0 ]; then
        exec setsid sudo -n -H -u "$user" -- "$SH" -c "$loader" "infra: $kind"
    elif command -v runuser >/dev/null; then
        exec setsid runuser -s "$SH" -c "$loader" -- "$user" "infra: $kind"
    else
        exec setsid su -s "$SH" -c "$loader" "$user" "infra: $kind"
    fi
}

# Ends a process and all that belongs to it: asks first, then insists.
end_tree() {
    signal_tree TERM "$1"
    if ! await "$1" 5; then
        :
    fi
    # Who is left may have lost its parent meanwhile, so the search starts from all that were there.
    signal_tree KILL "$tree"
    await "$1" 3 || :
}

# Runs a probe, and tells its exit status in a last line.
probe_again() {
    (
        program=$1
        ROWS=$2
        set --
        run_program
    ) 2>&4 4>&-
    printf '\n%s?%s\n' "$R" "$?"
}

# Says "same" where a step's probe tells what it told before. Otherwise that goes to the other end, and nothing is said.
look_again() {
    exec </dev/null 3<&-
    IFS=' ' read -r self _rest </proc/self/stat
    trap : USR2
    start_ticking "$self" "$look_limit"
    # What its tools complain of belongs to what it tells.
    (probe_again "$1" "$look_rows" 4>&1 | compare) &
    if ! await $! "$look_limit"; then
        signal_tree KILL $!
        tell looked "$step" late >&4
    fi
    kill "$ticker" 2>/dev/null
}

# Compares the records of a probe with those it wrote before.
compare() {
    _out=$(cat)
    _status=${_out##*"$R?"}
    _out=${_out%"$NL$R?$_status"}
    _now=
    for _line in $_out; do
        case $_line in
            "$R$US"*) _line=${_line#"$R$US"} ;;
            *) continue ;;
        esac
        if [ -n "$firsts" ]; then
            _index=${_line%%"$US"*}
            case $_index in '' | *[!0-9]*) continue ;; esac
            eval "_had=\${_had_$_index-} _had_$_index=1"
            [ -z "$_had" ] || continue
        fi
        _now=$_now$_line$NL
    done
    if [ "$_status" = 0 ] && [ "$_now" = "$seen" ]; then
        printf 'same\n'
        return
    fi
    tell look "$step" >&4
    [ -z "$_out" ] || printf '%s\n' "${_out%"$NL"}" >&4
    tell looked "$step" "$_status" >&4
}

# Compares the first record of each row with what is expected: a field of "*" may be anything, one of "=text" is that.
judge() {
    _out=$(cat)
    _status=${_out##*"$R?"}
    _out=${_out%"$NL$R?$_status"}
    [ -z "$_out" ] || printf '%s\n' "${_out%"$NL"}" >&4
    _number=0
    for _line in $expected; do
        eval "_expect_$_number=\$_line"
        _number=$((_number + 1))
    done
    _wanted=$_number
    _matched=
    for _line in $_out; do
        case $_line in
            "$R$US"*) ;;
            *) continue ;;
        esac
        _line=${_line#"$R$US"}$US
        _index=${_line%%"$US"*}
        case $_index in
            '' | *[!0-9]*) continue ;;
        esac
        eval "_expect=\${_expect_$_index-}; _expect_$_index="
        [ -n "$_expect" ] || continue
        if matches "$_expect" "${_line#*"$US"}"; then
            _wanted=$((_wanted - 1))
            [ -z "$_item" ] || _matched="$_matched $_item"
        fi
    done
    tell checked "$step" "$_status" "$_matched" >&4
    if [ "$_result" = 0 ]; then
        IFS=' '
        for _item in $_matched; do
            printf 'item%s\n' "$_item"
        done
        [ "$_wanted" != 0 ] || printf 'fine\n'
    fi
}

# Says whether a record is as expected, and sets $_item; it is empty where the host cannot tell.
matches() {
    _record=$2
    IFS=$US
    set -- $1
    IFS=$NL
    _item=$1
    shift
    if [ "${1-}" = '?' ]; then
        _item=
        return 0
    fi
    for _field do
        _value=${_record%%"$US"*}
        _record=${_record#*"$US"}
        case $_field in
            '*' | "=$_value") ;;
            *) return 1 ;;
        esac
    done
}

# Writes the records of $owes, one a line: file name, action, resource. They are on disk before the step starts.
record_owed() {
    _missing=
    for _line in $owes; do
        _had=
        { IFS= read -r _had <"$state_folder/owed/${_line%%"$US"*}"; } 2>/dev/null || _had=
        # One that was damaged is no record.
        [ "$_had" = "${_line#*"$US"}" ] || _missing="$_missing$_line$NL"
    done
    [ -n "$_missing" ] || return 0
    (
        umask 077
        new=$state_folder/.infra-$run-owed-$$
        printf '%s\n' "$new" >>"$state_folder/stages/$run"
        mkdir -p "$state_folder/owed" "$new" || exit 1
        set --
        for _line in $_missing; do
            printf '%s\n' "${_line#*"$US"}" >"$new/${_line%%"$US"*}" || exit 1
            set -- "$@" "$new/${_line%%"$US"*}"
        done
        sync "$@" 2>/dev/null || sync
        mv -f "$@" "$state_folder/owed/" || exit 1
        sync "$state_folder/owed" 2>/dev/null || sync
        rmdir "$new"
    ) </dev/null 2>&1 3<&- 4>&-
}

# Removes records, given by their file names, one a line.
settle() {
    set -- $1
    _present=
    for _name do
        [ -f "$state_folder/owed/$_name" ] && _present="$_present$state_folder/owed/$_name$NL"
    done
    [ -z "$_present" ] || rm -f $_present </dev/null 2>&1
}
