# make_room TABLE NUMBER GOING COMMAND OPTION: where who has the number is one of those that go (their names between commas), the
# command gives it another one, until its turn comes.
make_room() {
    holder=$(getent "$1" "$2") || return 0
    holder=${holder%%:*}
    case ,$3, in *",$holder,"*) ;; *) return 0 ;; esac
    free=59999
    while getent "$1" "$free" >/dev/null; do free=$((free - 1)); done
    "$4" "$5" "$free" -- "$holder"
}
