# Row: path, owner, group, mode; what is empty stays as it is, or as mkdir makes it. ownership.sh goes before.
# A new folder is closed to others until it has its owner and mode. A few processes for each owner and mode there is, none
# for each folder.
columns path owner group mode
new='' plain='' i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    if [ -d "$path" ] && ! [ -L "$path" ]; then continue; fi
    if path_state "$path"; then
        refuse "$i" "$path is there, but not a folder"
    else
        new=$new$path$NL
        [ -n "$mode" ] || plain=$plain$path$NL
    fi
done
if [ -n "$new" ] && ! printf '%s\0' $new | xargs -0 mkdir -p -m 0700 -- 2>/dev/null; then
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        case $NL$new in *"$NL$path$NL"*) ;; *) continue ;; esac
        # shellcheck disable=SC2174 # its parents are as the host makes them
        message=$(mkdir -p -m 0700 -- "$path" 2>&1) || refuse "$i" "$message"
    done
fi
give chown
give chmod
[ -z "$plain" ] || printf '%s\0' $plain | xargs -0 chmod -- 00755 2>/dev/null || :
