# What programs share that write files whole; place.sh, ownership.sh and replace.sh go before. Row: path, owner, group, mode, where it
# is unpacked ("" where its content stays), its size. Rows of one folder follow each other.
# The step's input is a tar archive of all contents. In it they lie in numbered folders, one for each base: the folder where they
# belong, or one above it. They are unpacked in the stage of that folder, get owner and mode there, are synced, and go from there to
# their places by a rename. Some processes for each folder, owner and mode, and none for each file, but where others may write.
columns path owner group mode staged size

# Unpacks the contents, and gives them what they take over from what they replace.
stage_files() {
    unpack_files
    pin_files
    take_over_access
}

# Afterwards rows tell where each content really is.
unpack_files() {
    know_paths $more_folders
    find_stages
    [ -n "$numbers" ] || return 0
    make_stage_folders
    # Without names all of it is unpacked.
    set --
    if [ -n "$refused" ]; then
        i=-1
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ -z "$staged" ] || set -- "$@" "$staged"
        done
        [ $# -gt 0 ] || return 0
    fi
    message=$(umask 077; tar -x -m -o -f - -C "$first" -- "$@" 2>&1)
    unpacked=$? i=-1
    ROWS=$(for row in $ROWS; do
        read_row "$row"
        if [ -n "$staged" ]; then
            eval "stage=\$stage_${staged%%/*}"
            before=${row%%"$US$staged$US$size$US"*}
            row=$before$US$stage/${row#"$before$US"}
        fi
        printf '%s\n' "$row"
    done)
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -n "$staged" ] || continue
        if [ -f "$staged" ]; then
            if [ "$unpacked" = 0 ] || [ "$(stat -c %s -- "$staged")" = "$size" ]; then continue; fi
        fi
        refuse "$i" "its content did not arrive whole${message:+: ${message%%"$NL"*}}"
    done
}
more_folders= # that a program wants to know of beside those of its rows

# Finds the stage of each base: $numbers are their numbers; of each the base is $base_NUMBER and the stage $stage_NUMBER.
find_stages() {
    numbers='' number='' new='' is_deep='' i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -n "$staged" ] || continue
        if [ "${staged%%/*}" != "$number" ]; then
            number=${staged%%/*} why=
            base=${path%"/${staged#*/}"}
            if find_stage "$base"; then
                eval "base_$number=\$base stage_$number=\$stage"
                numbers=$numbers$number$NL
                case $NL$new in *"$NL$stage$NL"*) ;; *) new=$new$stage$NL ;; esac
            fi
        fi
        [ "${staged%/*}" = "$number" ] || is_deep=1
        [ -z "$stage" ] || continue
        refuse "$i" "$why"
    done
}

make_stage_folders() {
    place_tidy
    note $new
    place_stages=$place_stages$new
    set -- $new
    for number in $numbers; do
        eval "set -- \"\$@\" \"\$stage_$number/$number\""
    done
    mkdir -m 0700 -- "$@" 2>/dev/null || make_each_stage
    first='' links=
    for number in $numbers; do
        eval "stage=\$stage_$number"
        first=${first:-$stage}
        [ "$stage" = "$first" ] || links=$links$stage/$number$NL
    done
    [ -z "$place_open" ] || for number in $numbers; do
        eval "base=\$base_$number stage=\$stage_$number"
        place_find "${base:-/}"
        [ "$place_state" = closed ] || (enter "$base" && pass_on "$stage/$number")
    done
    # All of it is unpacked in the first one.
    [ -z "$links" ] || ln -s -- $links "$first/"
    [ -n "$is_deep" ] || return 0
    below=$(i=-1 last='' && for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        if [ "$staged" = "${staged%/*/*}" ] || [ "${staged%/*}" = "$last" ]; then continue; fi
        last=${staged%/*}
        eval "stage=\$stage_${staged%%/*}"
        printf '%s\n' "$stage/$last"
    done)
    [ -z "$below" ] || (umask 077 && mkdir -p -- $below)
}

# Not all of them could be made: which, and why?
make_each_stage() {
    made=
    for number in $numbers; do
        eval "stage=\$stage_$number base=\$base_$number"
        message=$(for one in "$stage" "$stage/$number"; do
            # shellcheck disable=SC3067 # dash, bash and busybox all have -O.
            if [ -O "$one" ] && ! [ -L "$one" ]; then continue; fi
            mkdir -m 0700 -- "$one" 2>&1 || exit
        done) && made=$made$number$NL && continue
        if [ -d "$base/" ]; then
            message="cannot write beside it: $message"
        else
            message="the folder ${base:-/} is not there: \`directories\` makes it"
        fi
        i=-1
        for row in $ROWS; do
            i=$((i + 1))
            read_row "$row"
            case $staged in "$number"/*) refuse "$i" "$message" ;; esac
        done
    done
    numbers=$made
}

# Pins what is there already and lies where others may write: what stays, so that it can be given owner and mode, and what goes, so
# that its access can be taken over. Sets $pin_INDEX and $old_INDEX.
pin_files() {
    [ -n "$place_open" ] || return 0
    # A line for each folder: the folder, then index and name of each of its files, "+" before those that are replaced.
    folders=$(
        i=-1 last=
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ -n "$mode" ] || continue
            if [ "${path%/*}/" != "$last" ]; then
                last=${path%/*}/
                printf '\n%s' "$last"
            fi
            printf '%s' "$US${staged:++}$i$US${path##*/}"
        done
    )
    for line in $folders; do
        place_find "${line%%"/$US"*}"
        [ "$place_state" != closed ] || continue
        IFS=$US
        set -- $line
        IFS=$NL
        pin_folder "$@"
    done
}

# pin_folder FOLDER/ (INDEX NAME)…
pin_folder() {
    into=${1%/}
    shift
    why='' index=''
    if stage_for "$into" && enter "$into"; then
        pin_all "$(for name do
            if [ -z "$index" ]; then
                index=$name
            else
                index=
                [ ! -f "./$name" ] || printf '%s\n' "$name"
            fi
        done)"
        why=
    fi
    cannot=$why
    for name do
        if [ -z "$index" ]; then
            index=$name i=${name#+}
            continue
        fi
        eval "old_$i="
        if [ -n "$cannot" ]; then
            refuse "$i" "$cannot"
        elif [ "$index" = "$i" ]; then
            if is_pinned "$name" || pin "$name"; then pin_kept; else refuse "$i" "$why"; fi
        elif [ -f "./$name" ] && { is_pinned "$name" || pin "$name"; }; then
            pin_replaced
        fi
        index=
    done
    leave
}

# What is pinned on another file system lasts until the folder is left.
pin_kept() {
    if [ -z "$crossing" ]; then
        eval "pin_$i=\$pinned"
        return
    fi
    read_row "$(printf '%s\n' "$ROWS" | sed -n "$((i + 1))p")"
    give_one "$i" "$pinned"
    eval "pin_$i=-"
}

pin_replaced() {
    if [ -z "$crossing" ]; then
        eval "old_$i=\$pinned"
        return
    fi
    read_row "$(printf '%s\n' "$ROWS" | sed -n "$((i + 1))p")"
    [ -z "$(keep_access "$pinned" "$staged")" ] || refuse_access "$i"
}

take_over_access() {
    pairs=$(i=-1 && for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        eval "old=\${old_$i-\$path}"
        if [ -n "$staged" ] && [ -n "$old" ]; then printf '%s\n' "$old" "$staged"; fi
    done)
    lost=$(keep_access $pairs) || exit
    [ -n "$lost" ] || return 0
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        eval "old=\${old_$i-\$path}"
        case $NL$lost$NL in *"$NL$old$NL"*) refuse_access "$i" ;; esac
    done
}

refuse_access() {
    refuse "$1" "its access control list (ACL) cannot be given to the new content; the package acl can"
}

# Puts what was unpacked in its place.
place_files() {
    rename_files
    drop_stages
}

rename_files() {
    # A line for each folder: the folder, then what goes there.
    moves=$(
        i=-1 last=
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ -n "$staged" ] || continue
            if [ "${path%/*}/" != "$last" ]; then
                last=${path%/*}/
                printf '\n%s' "$last"
            fi
            printf '%s' "$US$staged"
        done
    )
    [ -n "$moves" ] || return 0
    # A few files are synced by themselves, many with all of their file systems: each file on its own takes long.
    IFS=$US$NL
    set -- $moves
    IFS=$NL
    if [ $# -le 20 ]; then
        for one do
            case $one in */) ;; *) printf '%s\0' "$one" ;; esac
        done | xargs -0 sync -- 2>/dev/null || sync
    else
        sync -f -- $place_stages 2>/dev/null || sync
    fi
    failed=
    for line in $moves; do
        IFS=$US
        set -- $line
        IFS=$NL
        rename_into "$@" || failed=1
    done
    [ -n "$failed" ] || return 0
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -e "$staged" ] || continue
        { enter "${path%/*}" && put "$staged" "${path##*/}"; } || refuse "$i" "$why"
        leave
    done
}

# rename_into FOLDER/ STAGED…
rename_into() {
    into=${1%/}
    shift
    place_find "${into:-/}"
    if [ "$place_state" = closed ]; then
        mv -f -t "$into/" -- "$@" 2>/dev/null
        return
    fi
    enter "$into" || return
    if [ -z "$crossing" ]; then
        mv -f -t . -- "$@" 2>/dev/null
    else
        false
    fi
    set -- $?
    leave
    return "$1"
}

# take_away PATH: removes a file; false, and $why is set, where it cannot be.
take_away() {
    enter "${1%/*}" || return
    why=$(rm -f -- "./${1##*/}" 2>&1)
    set -- $?
    cd /
    return "$1"
}
