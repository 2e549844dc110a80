# What programs share that make or change what is at one path after another; place.sh goes before. What is new is made in the stage,
# with its owner and mode, and then renamed; what is there is reached through a folder that was entered, never by its path. Each
# function that fails says in $why what is in the way.
held='' held_of=''

# is_closed FOLDER: whether nobody else can exchange what is there.
is_closed() {
    place_find "$1"
    [ "$place_state" = closed ]
}

# way_to PATH: sets $_folder.
way_to() {
    _folder=${1%/*}
    _folder=${_folder:-/}
}

# make_way FOLDER: makes a folder, and those it is in.
make_way() {
    if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
    make_folder "$1"
    set -- $?
    leave
    return "$1"
}

# ready_stage PATH: makes the folder of a path where there is none, and the stage for what goes there: $stage.
ready_stage() {
    make_way "${1%/*}" || return
    way_to "$1"
    stage_for "$_folder"
}

# ready_file PATH: the same, and sets $new to where a new file for this path can be made.
ready_file() {
    ready_stage "$1" || return
    _files=$((${_files:-0} + 1)) new=$stage/$_files
    [ "${stage%/*}" != "${_folder%/}" ] || return 0
    why=$(enter "$_folder" && pass_on "$new" || say_why) || return
    [ ! -d "$new" ] || new=$new/new
}

# receive SIZE FILE: writes so much of the step's input into a file that nobody else may read.
receive() {
    (umask 077 && take "$1" >"$2") && return
    # What take said of it is lost, so it is asked once more.
    why=$(dd if=/dev/zero of="$2" bs=65536 count=1 conv=notrunc oflag=append 2>&1) && why='not all of it arrived'
    why="cannot write $2: ${why%%"$NL"*}"
    return 1
}

# hold PATH: sets $held to a path by which the file that is there can be read and changed, whatever others do to its name
# meanwhile, until the next call and until something is put there; to "" where nothing is.
hold() {
    leave
    _held=$held held=
    path_state "$1" || return 0
    way_to "$1"
    if is_closed "$_folder"; then
        held=$1
        return 0
    fi
    stage_for "$_folder" && enter "$_folder" || return
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if [ "$held_of" = "$1" ] && [ "./${1##*/}" -ef "$_held" ]; then
        held=$_held
    else
        pin "${1##*/}" && held=$pinned held_of=$1
    fi
}

# follow PATH: sets $followed to where a link leads, and $whose to the account it is of, where that is neither root nor the one
# that runs this: it may lead to nothing but a file of its own.
follow() {
    followed=$1 whose='' links=0
    while [ -L "$followed" ]; do
        links=$((links + 1))
        if [ "$links" -gt 8 ]; then
            why="$1 is a link that leads to too many others"
            return 1
        fi
        from=${followed%/*}
        from=${from:-/} link=$followed
        if ! is_closed "$from"; then
            stage_for "$from" && enter "$from" || return
            link=$stage/link
            why=$(rm -f -- "$link" && ln -T -- "./${followed##*/}" "$link" 2>&1)
            set -- "$1" $?
            leave
            [ "$2" = 0 ] || return 1
            owner=$(stat -c %u -- "$link")
            [ "$owner" = 0 ] || [ "$owner" = "$uid" ] || whose=$owner whose_link="$followed is a symbolic link of $(stat -c %U -- "$link")"
        fi
        # It may have been exchanged for something else meanwhile.
        target=$(readlink -- "$link") || continue
        case $target in
            /*) followed=$target ;;
            *) followed=${from%/}/$target ;;
        esac
    done
}

# hold_followed PATH: holds what a link leads to, which $followed names.
hold_followed() {
    follow "$1" && hold "$followed" || return
    if [ -n "$whose" ] && { [ -z "$held" ] || [ "$(stat -c %u -- "$held")" != "$whose" ]; }; then
        why="$whose_link, who does not own what it leads to: name that file itself"
        return 1
    fi
}

# put_at NEW PATH: puts what was made in the stage at a path, whatever was there but a folder; a link is replaced itself.
put_at() {
    way_to "$2"
    enter "$_folder" && put "$1" "${2##*/}"
    set -- $?
    leave
    return "$1"
}

# add_at NEW PATH: the same where nothing is.
add_at() {
    way_to "$2"
    enter "$_folder" || return
    if path_state "./${2##*/}"; then
        why="$2 was made meanwhile"
        set -- 1
    elif [ -n "$crossing" ]; then
        put "$1" "${2##*/}"
        set -- $?
    else
        why=$(ln -T -- "$1" "./${2##*/}" 2>&1)
        set -- $?
    fi
    leave
    return "$1"
}

# remove_at PATH [folder|tree]: removes what is at a path, a link itself; or an empty folder; or a folder with all that is in it.
remove_at() {
    leave
    path_state "$1" || return 0
    way_to "$1"
    enter "$_folder" || return
    case ${2-} in
        folder) why=$(rmdir -- "./${1##*/}" 2>&1) ;;
        tree) why=$(rm -rf -- "./${1##*/}" 2>&1) ;;
        *) why=$(rm -f -- "./${1##*/}" 2>&1) ;;
    esac
    set -- $?
    leave
    return "$1"
}

# say_why: prints what is in the way; never true.
say_why() {
    printf '%s\n' "$why"
    return 1
}
