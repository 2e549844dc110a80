# What is lacking of what resources need. The form is folder, file, path (anything), user, group, uid, gid or unused (a group that is nobody's primary
# group), or one of open.sh; a uid and a gid are for the account they are of. By is who has one, what a group is of, or a folder. Nothing is written of what is as it
# should be, or of what cannot be told. One getent for each form, but for folders and files, and one for what seems to be lacking.
# Record: "lacking"
# Record: "other", by
columns name form of

# look_up TABLE FORM: sets $entries to the lines of a table that the names of this form find, and $asked to these names; fails where
# there are none, or where it cannot be told.
look_up() {
    asked=
    for row in $ROWS; do
        read_row "$row"
        [ "$form" != "$2" ] || asked=$asked$name$NL
    done
    [ -n "$asked" ] || return
    if command -v getent >/dev/null; then
        entries=$(getent "$1" $asked)
        # 2: some of them are not there.
        case $? in 0 | 2) ;; *) return 1 ;; esac
    else
        entries=$(cat "/etc/$1")
    fi
}

# read_entry LINE: of passwd(5) or group(5).
read_entry() {
    IFS=:
    set -- $1
    IFS=$NL
    entry_name=${1-} entry_number=${3-} entry_group=${4-}
}

# number_of TABLE NAME: sets $number to that of an account, empty where there is none of this name.
number_of() {
    number=
    if command -v getent >/dev/null; then
        found=$(getent "$1" "$2") || return 0
    else
        found=$(grep "^$2:" "/etc/$1") || return 0
    fi
    read_entry "$found"
    number=$entry_number
}

# tell_lacking TABLE FORM: a name service may know an account by another name than it tells.
tell_lacking() {
    look_up "$@" || return 0
    names=$NL
    for entry in $entries; do
        names=$names${entry%%:*}$NL
    done
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        [ "$form" = "$2" ] || continue
        case $names in *"$NL$name$NL"*) continue ;; esac
        number_of "$1" "$name"
        [ -n "$number" ] || emit "$i" lacking
    done
}

# tell_taken TABLE FORM
tell_taken() {
    look_up "$@" || return 0
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        [ "$form" = "$2" ] || continue
        for entry in $entries; do
            read_entry "$entry"
            [ "$entry_number" = "$name" ] || continue
            by=$entry_name
            [ "$by" != "$of" ] || break
            # Several may have one number.
            number_of "$1" "$of"
            [ "$number" = "$name" ] || emit "$i" other "$by"
            break
        done
    done
}

tell_used() {
    look_up group unused || return 0
    groups=$entries
    users=$(getent passwd) || return 0
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        [ "$form" = unused ] || continue
        for entry in $groups; do
            read_entry "$entry"
            [ "$entry_name" = "$name" ] || continue
            number=$entry_number
            for user in $users; do
                read_entry "$user"
                [ "$entry_group" = "$number" ] || continue
                by=$entry_name
                emit "$i" other "$by"
                break
            done
            break
        done
    done
}

i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1)) by=
    case $form in
        folder) [ ! -d "$name" ] || continue ;;
        file | path) ;;
        *) continue ;;
    esac
    if path_state "$name"; then
        [ "$form" != folder ] || emit "$i" other "$by"
    elif [ "$path_state" = absent ]; then
        emit "$i" lacking
    fi
done
tell_lacking passwd user
tell_lacking group group
tell_taken passwd uid
tell_taken group gid
tell_used
