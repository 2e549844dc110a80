# The format is env or json; the name is that of its note. Shown is the value, of a JSON file the whole text, previous what it replaces
# while it is rotated, both in base64.
# Record: "absent"
# Record: "present", shown, previous, state_folder
# Record: "text", shown, previous, state_folder
# Record: found
# No process for a key that is absent; one or two for each that is there, and one more while it is rotated.
columns path key format name
i=0
for row in $ROWS; do
    read_row "$row"
    note=$state_folder/rotating/$name
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
