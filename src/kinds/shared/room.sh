# make_room TABLE NUMBER GOING COMMAND OPTION: where who has the number is another one than $name, of those that go or get another
# number (their names between commas), the command gives it a free one, until its turn comes.
make_room() {
    holder=$(getent "$1" "$2") || return 0
    holder=${holder%%:*}
    [ "$holder" != "$name" ] || return 0
    case ,$3, in *",$holder,"*) ;; *) return 0 ;; esac
    free=59999
    while getent "$1" "$free" >/dev/null; do free=$((free - 1)); done
    "$4" "$5" "$free" -- "$holder"
}
