# What programs share that write. Trusted are root and the session's account. A folder is closed where it and all above it are theirs
# and nobody else may write there; above it a sticky one will do. In a closed folder paths lead where they say. In any other one
# somebody may exchange a file, a folder or a link at any moment, so what is written is made in a private folder (the stage) where
# only the trusted can go, the folder is entered by a way on which nothing can be exchanged, and names are used from within. A step of
# another account has no more rights than whoever may exchange something, so all is closed to it.
#
#   know_folders FOLDER…    asks about all of them that are not known yet at once, by one process
#   know_paths [FOLDER…]    the same about the folders that the paths of all rows are in
#   stage_for FOLDER        sets $stage, where what is to be put into the folder is made
#   enter FOLDER            makes it the current folder; false, and $why is set, where it is not what its name says
#   put STAGED NAME         puts what lies in the stage into the folder that was entered, in the place of anything but a folder
#   pin NAME                sets $pinned to a path by which a file of that folder can be given owner and mode
#   pin_all NAMES           pins all of these, one a line, by a few processes; then is_pinned NAME sets $pinned, or is false
#   pass_on INTO            makes a folder in the stage hand down to what is new in it what the one that was entered does
#   leave                   goes back to /
#   leads_to LINK PATH      whether a link leads there as the trusted want it, or to what belongs to whoever has it
#   needs_closed FOLDER     whether it is closed; says in $why who else may write there
#   make_folder FOLDER      enters it, and makes what is missing of it
#   note PATH…              says what to remove should this run be killed; names begin with .infra-$run
place_known=$NL place_open='' place_stages='' place_count=0 place_making='' place_pins='' near=''

# A line for each folder that is not closed, and for those on the way to it: its path, "open", "sticky", "link" or "refused", the last
# folder on its way from which nothing can be exchanged, whether it is on another device than that, its path without links, and why
# it is refused.
know_folders() {
    [ -n "$state_folder" ] || return 0
    place_new=
    for place_folder do
        place_folder=${place_folder%/}
        place_folder=${place_folder:-/}
        case $place_known in *"$NL$place_folder$NL"*) ;; *) place_new=$place_new$place_folder$NL ;; esac
    done
    [ -z "$place_new" ] || place_look $place_new
}

know_paths() {
    know_folders $(
        last=
        for row in $ROWS; do
            read_row "$row"
            [ "${path%/*}/" != "$last" ] || continue
            last=${path%/*}/
            printf '%s\n' "$last"
        done
    ) "$@"
}

place_look() {
    # Each folder after those above it, but for what it shares with the one before.
    place_parts=/$NL place_before=
    for place_folder do
        place_part=${place_folder%/} place_chain=
        while [ -n "$place_part" ]; do
            case $place_before/ in "$place_part"/*) break ;; esac
            place_chain=$place_part$NL$place_chain
            place_part=${place_part%/*}
        done
        place_parts=$place_parts$place_chain
        place_before=$place_folder
    done
    place_known=$place_known$place_parts
    set -- $(stat -c "%n$US%f$US%u$US%d" -- $place_parts 2>/dev/null)
    place_above=
    for place_part in $place_parts; do
        # What is above it, the nearest first: path, state, the last folder that is closed or sticky, and its device.
        while :; do
            case $place_above in '' | "${place_part%/*}$US"*) break ;; esac
            place_above=${place_above#*"$NL"}
        done
        place_of_above "${place_above%%"$NL"*}"
        case ${1-} in
            "$place_part$US"*)
                place_judge "$1"
                shift
                ;;
            # Where it is missing, whoever may write above can make it.
            *) [ "$place_state" != sticky ] || place_state=open ;;
        esac
        place_above=${place_part%/}$US$place_state$US$place_anchor$US$place_device$US$NL$place_above
        [ "$place_state" = closed ] ||
            place_open=${place_open:-$NL}$place_part$US$place_state$US$place_anchor$US$place_apart$US$place_part$US$US$NL
    done
}

place_of_above() {
    IFS=$US
    set -- $1
    IFS=$NL
    place_state=${2:-closed} place_anchor=${3:-/} place_device=${4-} place_apart=
}

# place_judge FACTS: path, mode, owner and device of what is below what place_of_above has told.
place_judge() {
    IFS=$US
    set -- $1
    IFS=$NL
    case $place_state:$((0x$2 & 0xf000)) in
        link:*) return ;;
        *:40960)
            place_state=link
            return
            ;;
    esac
    if [ "$place_state" = open ] || { [ "$3" != 0 ] && [ "$3" != "$uid" ]; }; then
        place_state=open
    elif [ "$((0x$2 & 022))" = 0 ]; then
        place_state=closed
    elif [ "$((0x$2 & 01000))" != 0 ]; then
        place_state=sticky
    else
        place_state=open
    fi
    if [ "$place_state" = open ]; then
        [ "$4" = "$place_device" ] || place_apart=1
    else
        place_anchor=$1 place_device=$4
    fi
}

# Sets what is known of a folder.
place_find() {
    place_recall "$1"
    [ "$place_state" != link ] || place_follow "$1"
}

place_recall() {
    know_folders "$1"
    place_of_folder "$1$US"
    case $place_open in *"$NL$1$US"*) ;; *) return 0 ;; esac
    for place_line in $place_open; do
        case $place_line in "$1$US"*) place_of_folder "$place_line" && break ;; esac
    done
}

place_of_folder() {
    IFS=$US
    set -- $1
    IFS=$NL
    place_state=${2:-closed} place_anchor=${3:-$1} place_apart=${4-} place_real=${5:-$1} place_why=${6-}
}

# place_follow FOLDER: goes the way of one that has links on it, link by link. One of the trusted is followed; one of somebody else where
# it leads to what belongs to the same account.
place_follow() {
    follow_rest=$1 follow_to='' follow_strangers='' follow_hops=0
    while [ -n "$follow_rest" ]; do
        follow_name=${follow_rest%%/*}
        case $follow_rest in */*) follow_rest=${follow_rest#*/} ;; *) follow_rest= ;; esac
        case $follow_name in
            '' | .) ;;
            ..) follow_to=${follow_to%/*} ;;
            *)
                if ! [ -L "$follow_to/$follow_name" ] || [ "$follow_hops" = 40 ]; then
                    follow_to=$follow_to/$follow_name
                    continue
                fi
                follow_hops=$((follow_hops + 1))
                follow_link "${follow_to:-/}" "$follow_name"
                case $follow_target in /*) follow_to= ;; esac
                follow_rest=$follow_target/$follow_rest
                ;;
        esac
    done
    place_recall "${follow_to:-/}"
    [ "$place_state" != link ] || place_state=refused place_why="$1 was exchanged for something else meanwhile"
    # What is not there yet will be of whoever has what it is made in.
    follow_there=$follow_to
    while [ -n "$follow_there" ] && ! [ -e "$follow_there" ]; do follow_there=${follow_there%/*}; done
    [ -z "$follow_strangers" ] || follow_owner=$(stat -c %u -- "${follow_there:-/}" 2>/dev/null)
    for place_line in $follow_strangers; do
        [ "${place_line%%"$US"*}" != "$follow_owner" ] || continue
        place_state=refused
        place_why="${place_line##*"$US"}: name what it leads to, or let it be root's"
        break
    done
    # What was found first counts.
    place_open=$NL$1$US$place_state$US$place_anchor$US$place_apart$US$place_real$US$place_why$US$place_open
    place_find "$1"
}

# follow_link FOLDER NAME: sets $follow_target, and remembers a stranger: whoever the link is of, or may have exchanged it. Where others
# write, it gets another name in the stage first, so that it is one link that is asked about. Who may give root's link to somewhere
# else a second name can do that, too.
follow_link() {
    follow_at=${1%/}/$2 follow_owner=''
    place_recall "$1"
    case $place_state in
        closed | sticky) ;;
        *)
            follow_owner=$(stat -c %u -- "$1")
            read -r follow_guarded </proc/sys/fs/protected_hardlinks
            if [ "$follow_guarded" = 1 ] && stage_for "$1" && enter "$1"; then
                place_count=$((place_count + 1))
                if ln -T -- "./$2" "$stage/link-$place_count" 2>/dev/null; then
                    follow_at=$stage/link-$place_count follow_owner=
                fi
                cd /
            fi
            ;;
    esac
    place_line=$(stat -c "%u$US%U" -- "$follow_at")
    follow_target=$(readlink -- "$follow_at")
    case ${place_line%"$US"*} in
        0 | "$uid") place_line=$follow_owner ;;
    esac
    [ -z "$place_line" ] ||
        follow_strangers=$follow_strangers${place_line%"$US"*}$US"${1%/}/$2 is a symbolic link of ${place_line#*"$US"}$NL"
}

leads_to() {
    [ -n "$state_folder" ] || return 0
    place_find "$1"
    why=$place_why
    [ "$place_state" != refused ] || return 1
    why="$1 does not lead to $2 any more"
    [ "$place_real" = "$2" ]
}

needs_closed() {
    place_find "$1"
    [ "$place_state" != closed ] || return 0
    place_part=${1#"${place_anchor%/}/"}
    place_part=${place_anchor%/}/${place_part%%/*}
    [ "$place_state" != sticky ] || place_part=$1
    why=${place_why:-"others can exchange what is in $place_part (of $(stat -c '%U and group %G, mode %a' -- "$place_part" 2>&1))"}
    return 1
}

# Sets $stage, and $crossing where a rename from there into the folder is impossible. It need not be there yet.
find_stage() {
    place_find "${1:-/}"
    stage='' why=$place_why
    [ "$place_state" != refused ] || return 1
    crossing=$place_apart
    if [ "$place_state" != closed ]; then
        while ! [ -w "$place_anchor" ] && [ "$place_anchor" != / ]; do
            place_anchor=${place_anchor%/*}
            place_anchor=${place_anchor:-/}
        done
        if ! [ -w "$place_anchor" ]; then
            place_anchor=$state_folder/stages crossing=1
            # shellcheck disable=SC2174 # what is above it, too, is there for others
            [ -d "$place_anchor" ] || mkdir -p -m 0700 -- "$place_anchor" 2>/dev/null
        elif [ -z "$crossing" ] && place_is_mounted; then
            crossing=1
        fi
    fi
    stage=${place_anchor%/}/.infra-$run-$$
}

# Whether a mount lies between the folder and the one above it where its stage is.
place_is_mounted() {
    while IFS=' ' read -r _ place_point _; do
        case $place_real/ in
            "$place_point"/*) case $place_point in "${place_anchor%/}"/?*) return 0 ;; esac ;;
        esac
    done 2>/dev/null </proc/self/mounts
    return 1
}

stage_for() {
    find_stage "$1" || return 1
    case $NL$place_stages in *"$NL$stage$NL"*) return 0 ;; esac
    make_stages "$stage"
}

# make_stages STAGE…: false, and $why is set, where one cannot be made.
make_stages() {
    place_tidy
    note "$@"
    for stage do place_stages=$place_stages$stage$NL; done
    why=$(mkdir -m 0700 -- "$@" 2>&1)
}

# Whatever ends the program, what it made for a while goes.
place_tidy() {
    case $at_exit in *drop_stages*) return ;; esac
    at_exit="${at_exit:+$at_exit; }drop_stages"
    # PIPE, because the shell says of a child that it was terminated, and nobody may be there to hear it.
    trap 'exit 143' HUP INT PIPE TERM
}

# What was made in a subshell is not known here, but for the list.
drop_stages() {
    while IFS= read -r place_line; do
        case $place_line in */".infra-$run-$$") place_stages=$place_stages$place_line$NL ;; esac
    done 2>/dev/null <"$state_folder/stages/$run"
    drop_known
}

drop_known() {
    set -f
    IFS=$NL
    drop_near
    [ -z "$place_stages" ] || rm -rf -- $place_stages
    place_stages=
}

note() {
    [ -z "$state_folder" ] || { printf '%s\n' "$@" >>"$state_folder/stages/$run"; } 2>/dev/null || :
}

enter() {
    set -- "${1:-/}"
    place_find "$1"
    why=$place_why crossing=$place_apart place_here=$place_real
    if [ "$place_state" = refused ]; then return 1; fi
    if [ "$place_state" = closed ]; then
        place_here=$1
        [ -z "$place_making" ] || [ -d "$1" ] || why=$(umask 022 && mkdir -p -- "$1" 2>&1) || return 1
        cd -P "$1" 2>/dev/null && return 0
        why="the folder $1 is not there"
        [ ! -d "$1" ] || why="the folder $1 may not be entered"
        return 1
    fi
    find_stage "$1"
    place_find "$1"
    place_here=${place_anchor%/}
    place_rest=${place_real#"$place_here"}
    if cd -P "$place_anchor" 2>/dev/null && place_walk "$place_rest"; then return 0; fi
    cd /
    return 1
}

# place_walk NAMES: goes down from the current folder, each time into a folder that lies in the one before.
place_walk() {
    IFS=/
    set -- $1
    IFS=$NL
    for place_name do
        [ -z "$place_name" ] || go_down "$place_name" || return 1
    done
}

# go_down NAME: what the folder above is cannot be exchanged, whatever happens to names: a link leads to a folder with another one.
go_down() {
    place_here=$place_here/$1
    why="$place_here was exchanged for something else meanwhile"
    if [ -L "./$1" ]; then
        why="$place_here is a symbolic link of $(stat -c %U -- "./$1" 2>/dev/null): name what it leads to, or let it be root's"
        return 1
    fi
    if ! [ -d "./$1" ]; then
        if [ -z "$place_making" ] || [ -e "./$1" ]; then
            why="the folder $place_here is not there"
            return 1
        fi
        why=$(umask 022 && mkdir -- "./$1" 2>&1) || return 1
        why="$place_here was exchanged for something else meanwhile"
    fi
    if ! [ -r . ]; then
        # Only root can go without, and it may read.
        cd -P "./$1" 2>/dev/null || return
        return 0
    fi
    exec 9<.
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if cd -P "./$1" 2>/dev/null && [ .. -ef /proc/self/fd/9 ]; then
        exec 9<&-
        return 0
    fi
    exec 9<&-
    return 1
}

make_folder() {
    place_making=1
    enter "$1"
    set -- $?
    place_making=
    return "$1"
}

leave() {
    drop_near
    cd /
}

# Makes a private folder in the current one, where the stage is on another file system, and sets $near to a path that leads to it
# whatever it is called by now.
open_near() {
    [ -z "$near" ] || return 0
    place_count=$((place_count + 1))
    place_near=.infra-$run-$$-$place_count
    place_tidy
    note "$place_here/$place_near"
    why=$(mkdir -m 0700 -- "./$place_near" 2>&1) || return 1
    near=/proc/self/fd/8
    why="$place_here/$place_near was exchanged for something else meanwhile"
    # shellcheck disable=SC3013,SC3067 # dash, bash and busybox all have -ef and -O.
    if command exec 8<"./$place_near/." && [ -O "$near/." ] && [ "$near/.." -ef . ]; then return 0; fi
    exec 8<&-
    near=
    return 1
} 2>/dev/null

drop_near() {
    [ -n "$near" ] || return 0
    set +f
    rm -rf -- "${near:?}"/*
    set -f
    exec 8<&-
    near=
    rmdir -- "./$place_near" 2>/dev/null || :
}

put() {
    if [ -z "$crossing" ]; then
        why=$(mv -f -T -- "$1" "./$2" 2>&1)
        return
    fi
    open_near || return 1
    place_count=$((place_count + 1))
    why=$(mv -f -T -- "$1" "$near/$place_count" 2>&1) || return 1
    sync -- "$near/$place_count" 2>/dev/null || sync
    why=$(mv -f -T -- "$near/$place_count" "./$2" 2>&1)
}

# Makes a folder of the stage hand down what the folder that was entered does: its group, and a default ACL.
pass_on() {
    place_list=
    if command -v getfacl >/dev/null && command -v setfacl >/dev/null; then
        case $(ls -ld .) in ??????????+*) place_list=$(getfacl --default --omit-header -- .) ;; esac
    fi
    if ! [ -g . ] && [ -z "$place_list" ]; then return 0; fi
    [ -d "$1" ] || why=$(mkdir -m 0700 -- "$1" 2>&1) || return
    if [ -g . ]; then chgrp -- "$(stat -c %g .)" "$1" 2>/dev/null && chmod -- 2700 "$1"; fi
    [ -z "$place_list" ] || printf '%s\n' "$place_list" | setfacl --default --set-file=- -- "$1" 2>/dev/null
    return 0
}

# A file is pinned by another name that it gets in the stage: what is done there is done to this file and no other one.
pin() {
    place_count=$((place_count + 1))
    why="$place_here/$1 is a symbolic link"
    [ ! -L "./$1" ] || return 1
    pinned=$place_here/$1
    [ "$place_state" != closed ] || return 0
    pinned=$stage/pin-$place_count
    if [ -n "$crossing" ]; then
        open_near || return 1
        pinned=$near/pin-$place_count
    fi
    why=$(ln -- "./$1" "$pinned" 2>&1) || return 1
    case $(stat -c "%h$US%f" -- "$pinned") in
        "2$US"8*) why= ;;
        *"$US"8*)
            why="$place_here/$1 has another name, which may be somebody else's file"
            return 1
            ;;
        *)
            why="$place_here/$1 is not a file"
            return 1
            ;;
    esac
}

# Those that cannot be pinned are left for pin to say why.
pin_all() {
    place_pins='' place_unpinned=
    # For fewer than three, pin takes less.
    case $1 in *"$NL"*"$NL"*) ;; *) return 0 ;; esac
    [ "$place_state" != closed ] || return 0
    place_pins=$stage
    [ -z "$crossing" ] || { open_near && place_pins=$near; } || return
    place_count=$((place_count + 1))
    while [ -e "$place_pins/pins-$place_count" ]; do place_count=$((place_count + 1)); done
    place_pins=$place_pins/pins-$place_count
    why=$(mkdir -m 0700 -- "$place_pins" 2>&1) || return
    printf './%s\0' $1 | xargs -0 -n 1000 "$SH" -c 'exec ln -- "$@" "$0/"' "$place_pins" 2>/dev/null
    place_unpinned=$NL$(
        cd -P "$place_pins" && printf './%s\0' $1 | xargs -0 stat -c '%h %f %n' -- 2>/dev/null |
            awk '!/^2 8/ { sub(/^[^\/]*\//, ""); print }'
    )$NL
}

is_pinned() {
    [ -n "$place_pins" ] && [ -f "$place_pins/$1" ] || return
    case $place_unpinned in *"$NL$1$NL"*) return 1 ;; esac
    pinned=$place_pins/$1
}
