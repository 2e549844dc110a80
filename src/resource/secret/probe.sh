# Row: path, key. Record: "absent", or "present" and the value as base64, or why it cannot be read.
# No process for a key that is absent; one base64 for each that is there.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 key=$f2 found=absent value=
    if path_state "$path"; then
        if ! [ -f "$path" ]; then
            found="$path is not a file"
        elif ! [ -r "$path" ]; then
            found="$path may not be read by this account"
        else
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in
                    "$key="*) found=present value=${line#*=} ;;
                esac
            done <"$path"
        fi
    elif [ "$path_state" = denied ]; then
        found="a folder above $path may not be searched by this account"
    fi
    if [ "$found" = present ]; then
        emit "$i" present "$(printf '%s' "$value" | base64 | tr -d '\n')"
    else
        emit "$i" "$found"
    fi
    i=$((i + 1))
done
