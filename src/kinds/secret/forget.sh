# Takes the key's lines out of the file.
columns path key note
know_paths
i=0
for row in $ROWS; do
    read_row "$row"
    index=$i wrong=
    i=$((i + 1))
    if [ -f "$path" ] && start_file "$path"; then
        copied=1
        if said=$({
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in
                    "$key="*) ;;
                    *) printf '%s\n' "$line" || copied= ;;
                esac
            done <"$held"
            [ -n "$copied" ]
        } 2>&1 >"$new"); then
            put_in_place "$path" "$held"
        else
            wrong="cannot write beside $path: $said"
        fi
    fi
    [ -n "$wrong" ] || wrong=$(rm -f -- "$note" 2>&1) || :
    [ -z "$wrong" ] || item_failed "$index" "$wrong"
done
