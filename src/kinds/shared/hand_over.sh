# hand_over OWNER FOLDER: hands all in a folder that is not the owner's over; "OWNER:" hands over the group, too. A file with a
# second name may be somebody else's. Each is named from within the folder that find has entered, so that no folder on the way
# can be exchanged for a link meanwhile; a link is handed over itself.
hand_over() {
    [ -z "$1" ] || find "$2" ! -user "${1%:}" \( ! -type f -o -links 1 \) -execdir chown -h -- "$1" {} +
}

# hand_over_at OWNER FOLDER: the same in a folder that is entered; beside.sh goes before.
hand_over_at() {
    [ -n "$1" ] || return 0
    enter "$2" || return
    why=$(hand_over "$1" . 2>&1)
    set -- $?
    leave
    return "$1"
}

# works_alone OWNER FOLDER: whether nobody else can exchange what is worked on there. Without an owner, or where it is root's, it is root
# that runs what is in the folder.
works_alone() {
    case $1 in '' | root) ;; *) return 0 ;; esac
    [ "$uid" = 0 ] || return 0
    _within=$2
    [ -d "$_within" ] || _within=${2%/*}
    needs_closed "${_within:-/}" && return
    # In a sticky folder nobody exchanges what is root's.
    [ "$place_state" != sticky ] || return 0
    why="$why, and root would run it: name the account that it belongs to, not root"
    return 1
}
