# New is "new" where the folder is not there yet; validate is the command that reads new files; more are seven fields for each thing to do: path is below the folder, want is a SHA-256
# or a target. The verbs, in this order: "folder" makes one (outer ones first), "file" writes one
# from standard input, "link" makes one, "keep" only gives owner and mode to what is there, "remove" removes a file, link
# or empty folder (inner ones first).
# What is new is made in the stage, with owner and mode, synced and renamed; a new folder is put in its place whole.
columns root new validate more
umask 077

# Prints a line for each thing: verb, place, owner:group, mode, size, hash or target, path it is written to (below the stage), and the
# folder that is entered for it: none for what is in a new one.
list_things() {
    row_columns=$awk_columns
    columns verb path owner group mode size want
    printf '%s\n' "$row" | awk -F "$US" $row_columns $awk_columns -v OFS="$US" '
        function of(column) { return $(i + column - 1) }
        {
            for (i = more; i + want - 1 <= NF; i += want) {
                written = place = of(path) == "" ? $root : $root "/" of(path)
                folder = place
                sub("/[^/]*$", "", folder)
                entered = folder == "" ? "/" : folder
                if (!(folder in number)) number[folder] = ++count
                if (of(verb) ~ /^(folder|file|link)$/) {
                    is_in_new = folder in made
                    written = (is_in_new ? made[folder] : number[folder]) substr(place, length(folder) + 1)
                    if (is_in_new) entered = ""
                    if (of(verb) == "folder") made[place] = written
                }
                # Only five digits take a bit away that a folder has from the one it was made in.
                mode_of = of(verb) == "folder" ? "0" of(mode) : of(mode)
                print of(verb), place, of(owner) (of(group) == "" ? "" : ":" of(group)), mode_of, of(size), of(want), written, entered
            }
        }
    '
}

# has VERB: whether there is such a thing.
has() {
    case $NL$things in *"$NL$1$US"*) ;; *) return 1 ;; esac
}

# each VERBS FIELD: writes that field of the things with these verbs.
each() {
    printf '%s\n' "$things" | awk -F "$US" -v verbs=" $1 " -v field="$2" 'index(verbs, " " $1 " ") { print $field }'
}

# all COMMAND…: runs it with the paths on standard input, one a line, as further arguments; not at all where there are none.
all() {
    tr '\n' '\0' | xargs -0 -r "$@"
}

# chosen WHICH: the things that are new, or what is there and stays: what is no folder, folders, inner ones first, or what is pinned.
# Modes of folders have five digits.
chosen() {
    case $1 in
        new) printf '%s\n' "$things" | awk -F "$US" '$1 ~ /^(folder|file|link)$/' ;;
        pinned) printf '%s\n' "$things" | awk -F "$US" '$1 == "pinned"' ;;
        files) printf '%s\n' "$things" | awk -F "$US" '$1 == "keep" && length($4) != 5' ;;
        folders) printf '%s\n' "$things" | awk -F "$US" '$1 == "keep" && length($4) == 5 { all[++count] = $0 } END { while (count) print all[count--] }' ;;
    esac
}

# grouped WHICH FIELD COMMAND…: runs it for each text of a field, with that text and the paths of those that have it.
grouped() {
    which=$(chosen "$1")
    field=$2
    shift 2
    for text in $(printf '%s\n' "$which" | awk -F "$US" -v field="$field" '$field != "" && !seen[$field]++ { print $field }'); do
        printf '%s\n' "$which" |
            awk -F "$US" -v field="$field" -v text="$text" '$field == text { print $7 }' | all "$@" -- "$text" || return
    done
}

# by_folder VERBS FIELD: a line for each folder that is entered for things with these verbs, with that field of each of them.
by_folder() {
    printf '%s\n' "$things" | awk -F "$US" -v verbs=" $1 " -v field="$2" '
        index(verbs, " " $1 " ") && $8 != "" {
            if ($8 != last) printf "%s%s", last == "" ? "" : "\n", last = $8
            printf "%s%s", FS, $field
        }
        END { if (last != "") print "" }'
}

# enter_of LINE: enters the folder of such a line; $paths are the others.
enter_of() {
    IFS=$US
    set -- $1
    IFS=$NL
    folder=$1
    shift
    paths=$*
    enter "$folder" || say_why
}

# What is new in a folder with the setgid bit gets its group.
inherit_group() {
    if [ -z "$stage" ] || ! [ -g "${where:-/}" ]; then return 0; fi
    chgrp -- "$(stat -c %g -- "${where:-/}")" "$work" 2>/dev/null && chmod -- 2700 "$work"
    return 0
}

# What is new where others may write is what it would be if it were made there.
pass_all_on() {
    [ -n "${open#"$NL$NL"}" ] || return 0
    for line in $(by_folder 'folder file link' 7); do
        folder=${line%%"$US"*}
        ! is_closed "$folder" || continue
        line=${line#*"$US"}
        line=${line%%"$US"*}
        (enter "$folder" && pass_on "${line%/*}" || say_why) || return
    done
}

# Makes the stage, and in it the folders that are new.
prepare() {
    where=$root
    [ -z "$new" ] || where=${root%/*}
    [ -z "$new" ] || make_way "$where" || return
    folders=$(printf '%s\n' "$things" | awk -F "$US" '$8 != "" && !seen[$8]++ { print $8 }')
    know_folders "${where:-/}" $folders
    open=$NL$(for folder in $folders; do is_closed "$folder" || printf '%s\n' "$folder"; done)$NL
    # Where all of it goes, a stage in it would be in the way.
    if has folder || has file || has link || has keep; then
        # What hold needs is made here, for what is made in a subshell is not known outside of it.
        for folder in $open "${where:-/}"; do
            stage_for "$folder" || return
        done
    fi
    work=$stage/$index
    # What is there in a folder in which others may exchange it gets owner and mode one by one.
    things=$(printf '%s\n' "$things" | OPEN=$open awk -F "$US" -v OFS="$US" -v work="$work/" '
        $7 !~ /^\// { $7 = work $7 }
        $8 != "" && index(ENVIRON["OPEN"], "\n" $8 "\n") { $9 = "open" }
        $1 == "keep" && $9 != "" { $1 = "apart" }
        { print }')
    why=$(
        {
            { [ -z "$stage" ] || mkdir -m 0700 -- "$work"; } && inherit_group && printf '%s\n' "$things" | awk -F "$US" '
                $1 ~ /^(folder|file|link)$/ && $8 != "" && sub("/[^/]*$", "", $7) && !seen[$7]++ { print $7 }
            ' | all mkdir -m 0700 -- && pass_all_on && each folder 7 | all mkdir -m 0700 --
        } 2>&1
    )
}

# Takes the contents from standard input, whether or not they can be written.
receive_all() {
    has file || return 0
    while IFS=$US read -r size path; do
        [ -n "$path" ] || continue
        if [ -n "$prepared" ]; then
            receive "$size" "$path" <&6 || message=${message:-$why}
        else
            take "$size" <&6 >/dev/null
        fi
    done <<END_OF_FILES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" { print $5, $7 }')
END_OF_FILES
}

# Lets the command read each new file; says why one may not go to its place.
judge() {
    while IFS=$US read -r place path; do
        [ -n "$path" ] || continue
        validate "$validate" "$path" "$place" && continue
        printf '%s\n' "$place: $said"
        return 2
    done <<END_OF_FILES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" { print $2, $7 }')
END_OF_FILES
}

# Says which file did not arrive as it was sent.
compare() {
    has file || return 0
    {
        each file 6
        echo
        # GNU sha256sum marks a line with a backslash where the name has one.
        each file 7 | all sha256sum -- | sed 's/^\\//'
    } | awk '
        $0 == "" { reading = 1; next }
        !reading { wanted[++count] = $0; next }
        substr($0, 1, 64) != wanted[++at] { print substr($0, 67) " did not arrive whole"; exit }
        END { if (!reading || at + 0 != count + 0) print "a file did not arrive" }
    '
}

# pin_things VERB: pins the files that are there of the things with this verb, where others may exchange them. A line for each: where
# it is, and the path by which it can be changed. Others are reached one by one.
pin_things() {
    [ -n "${open#"$NL$NL"}" ] || return 0
    for line in $(by_folder "$1" 2); do
        ! is_closed "${line%%"$US"*}" || continue
        enter_of "$line" || return
        if [ -z "$crossing" ]; then
            pin_all "$(for one in $paths; do
                one=${one##*/}
                [ -L "./$one" ] || ! [ -f "./$one" ] || printf '%s\n' "$one"
            done)"
            for one in $paths; do
                ! is_pinned "${one##*/}" || printf '%s\n' "$one$US$pinned"
            done
        fi
        leave
    done
}

# New files get the access control lists of those that they replace.
take_over_all() {
    pins=$(pin_things file) || { printf '%s\n' "$pins" && return 1; }
    pairs=$({ printf '%s\n' "$pins" "$R" "$things"; } | awk -F "$US" -v r="$R" '
        $0 == r { reading = 1; next }
        !reading { pin[$1] = $2; next }
        $1 == "file" && $8 != "" && ($9 == "" || $2 in pin) { print $9 == "" ? $2 : pin[$2]; print $7 }
    ') lost=
    [ -z "${open#"$NL$NL"}" ] || while IFS=$US read -r place path; do
        case $NL$pins in *"$NL$place$US"*) continue ;; esac
        if ! [ -f "$place" ] || ! hold "$place" || [ -z "$held" ]; then
            continue
        elif [ -n "$near" ]; then
            # It is there until the folder is left.
            lost=${lost:-$(keep_access "$held" "$path")}
        else
            pairs=$pairs$NL$held$NL$path
        fi
    done <<END_OF_FILES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" && $9 != "" { print $2, $7 }')
END_OF_FILES
    leave
    lost=${lost:-$(keep_access $pairs)} || return
    if [ -n "$lost" ]; then
        echo "the access control list (ACL) of ${lost%%"$NL"*} cannot be kept; the package acl can"
        return 1
    fi
}

# Makes all that is new ready in the stage.
make_ready() {
    wrong=$(compare)
    if [ -n "$wrong" ]; then
        echo "${wrong%%"$NL"*}"
        return 1
    fi
    ! has link || while IFS=$US read -r target path; do
        [ -z "$path" ] || ln -s -- "$target" "$path" || return
    done <<END_OF_LINKS
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "link" { print $6, $7 }')
END_OF_LINKS
    [ -n "$new" ] || ! has file || take_over_all || return
    # Owner before mode, for a change of owner takes setuid and setgid away. A link has no mode.
    grouped new 3 chown -h && grouped new 4 chmod || return
    [ -z "$validate" ] || judge || return
    [ -n "$stage" ] || return 0
    # The whole file system at once: a sync for each file takes a hundred times as long.
    sync -f -- "$work" 2>/dev/null || sync
}

# Puts what is ready in its place: all of a folder by one rename after another, which one process does.
place_all() {
    for line in $(by_folder 'folder file link' 7); do
        enter_of "$line" || return
        if [ -z "$crossing" ]; then
            printf '%s\n' "$paths" | all mv -f -t . -- || return
            continue
        fi
        for one in $paths; do
            put "$one" "${one##*/}" || say_why || return
        done
        leave
    done
    leave
}

# Gives owner and mode to what was there. Whoever owns a folder can exchange what is in it, so a folder comes after that; its bits stay
# where its owner changes.
own_kept() {
    ! has keep || { grouped files 3 chown -h && grouped files 4 chmod && grouped folders 4 chmod && grouped folders 3 chown -h; } || return
    ! has apart || own_apart
}

# The same in folders where others may exchange things: files at once, the rest one by one.
own_apart() {
    pins=$(pin_things apart) || { printf '%s\n' "$pins" && return 1; }
    things=$({ printf '%s\n' "$pins" "$R" "$things"; } | awk -F "$US" -v OFS="$US" -v r="$R" '
        $0 == r { reading = 1; next }
        !reading { pin[$1] = $2; next }
        $1 == "apart" && $2 in pin { $1 = "pinned"; $7 = pin[$2] }
        { print }')
    grouped pinned 3 chown && grouped pinned 4 chmod || return
    while IFS=$US read -r place owner mode; do
        [ -n "$place" ] || continue
        if [ -L "$place" ]; then
            # It has an owner, and no mode.
            enter "${place%/*}" && why=$(rm -f -- "$work/link" && ln -T -- "./${place##*/}" "$work/link" 2>&1) && held=$work/link && mode=
        elif [ -d "$place" ]; then
            enter "$place" && held=.
        else
            hold "$place"
        fi || say_why || return
        { [ -z "$owner" ] || chown -h -- "$owner" "$held"; } && { [ -z "$mode" ] || chmod -- "$mode" "$held"; } || return
        leave
    done <<END_OF_THINGS
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "apart" { print $2, $3, $4 }')
END_OF_THINGS
}

# remove_all TEST COMMAND…: removes what is a folder, or what is none.
remove_all() {
    has remove || return 0
    is_folder=$1
    shift
    for line in $(by_folder remove 2); do
        enter_of "$line" || return
        for one in $paths; do
            one=./${one##*/}
            if [ -d "$one" ] && ! [ -L "$one" ]; then found=yes; else found=no; fi
            [ "$found" != "$is_folder" ] || printf '%s\n' "$one"
        done | all "$@" -- || return
    done
    leave
}

work_on() {
    make_ready && place_all && remove_all no rm -f && remove_all yes rmdir && own_kept
    set -- $?
    leave
    return "$1"
}

exec 6<&0 </dev/null
place_tidy
index=0
for row in $ROWS; do
    read_row "$row"
    things=$(list_things)
    prepared=1 message='' stage=
    prepare || prepared='' message=$why
    receive_all
    status=1
    if [ -z "$message" ]; then
        message=$(work_on 2>&1)
        status=$?
    fi
    if [ "$status" = 0 ]; then
        [ -z "$message" ] || printf '%s\n' "$message"
    else
        # What a command says of a file may take several lines.
        [ "$status" = 2 ] || message=${message%%"$NL"*}
        item_failed "$index" "$message"
    fi
    index=$((index + 1))
done
