# What is lacking of what resources need. The form is folder, file, user or group. Nothing is written of what is there, or of which
# that cannot be told. One getent for all users and one for all groups.
# Record: "lacking"
# Record: "other"
columns name form

# find_accounts TABLE FORM: sets $found to the names of those that are there, between newlines.
find_accounts() {
    found=$NL names=
    for row in $ROWS; do
        read_row "$row"
        [ "$form" != "$2" ] || names=$names$name$NL
    done
    [ -n "$names" ] || return 0
    if command -v getent >/dev/null; then
        entries=$(getent "$1" $names)
        # 2: some of them are not there.
        case $? in 0 | 2) ;; *) return 1 ;; esac
    else
        entries=$(cat "/etc/$1") || return 1
    fi
    for entry in $entries; do
        found=$found${entry%%:*}$NL
    done
}

# tell_lacking TABLE FORM: a name service may know an account by another name than it tells.
tell_lacking() {
    find_accounts "$@" || return 0
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        [ "$form" = "$2" ] || continue
        case $found in *"$NL$name$NL"*) continue ;; esac
        if ! command -v getent >/dev/null || ! getent "$1" "$name" >/dev/null; then emit "$i" lacking; fi
    done
}

i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    case $form in
        folder) [ ! -d "$name" ] || continue ;;
        file) ;;
        *) continue ;;
    esac
    if path_state "$name"; then
        [ "$form" != folder ] || emit "$i" other
    elif [ "$path_state" = absent ]; then
        emit "$i" lacking
    fi
done
tell_lacking passwd user
tell_lacking group group
