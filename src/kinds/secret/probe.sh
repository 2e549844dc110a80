# Row: path, key, format (env, json), name of its note. Record: "absent", or "present" (of a JSON file "text"), the value
# (or the whole file), what it replaces while it is rotated, the state folder; the second and third as base64. Or why
# it cannot be read.
# No process for a key that is absent; one or two for each that is there, and one more while it is rotated.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 key=$f2 format=$f3 note=$state_folder/rotating/$f4
    found=absent value='' shown=
    if path_state "$path"; then
        if ! [ -f "$path" ]; then
            found="$path is not a file"
        elif ! [ -r "$path" ]; then
            found="$path may not be read by this account"
        elif [ "$format" = json ]; then
            found=text
            shown=$(head -c 1048577 <"$path" | base64 | tr -d '\n')
        else
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in
                    "$key="*) value=${line#*=} ;;
                esac
            done <"$path"
            if [ -n "$value" ]; then
                found=present
                shown=$(printf '%s' "$value" | base64 | tr -d '\n')
            fi
        fi
    elif [ "$path_state" = denied ]; then
        found="a folder above $path may not be searched by this account"
    fi
    case $found in
        present | text)
            previous=
            if [ -f "$note" ]; then
                previous=$(base64 <"$note" | tr -d '\n')
            fi
            emit "$i" "$found" "$shown" "$previous" "$state_folder"
            ;;
        *) emit "$i" "$found" ;;
    esac
    i=$((i + 1))
done
