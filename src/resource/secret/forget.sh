# Row: path, key. Takes the key's line out of the file.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 key=$f2
    new=${path%/*}/.infra-$$-$i.tmp
    if [ -f "$path" ]; then
        if (rm -f -- "$new" && umask 077 && set -C && : >"$new") && while IFS= read -r line || [ -n "$line" ]; do
            case $line in
                "$key="*) ;;
                *) printf '%s\n' "$line" ;;
            esac
        done <"$path" >"$new"; then
            sync -- "$new" 2>/dev/null || sync
            mv -f -T -- "$new" "$path" || item_failed "$i" "cannot put $path in place"
        else
            rm -f -- "$new"
            item_failed "$i" "cannot write beside $path"
        fi
    fi
    i=$((i + 1))
done
