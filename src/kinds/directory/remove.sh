# Row: path. A folder that holds anything stays.
i=0
for row in $ROWS; do
    split_row "$row"
    if path_state "$f1" && ! message=$(rmdir -- "$f1" 2>&1); then
        item_failed "$i" "$message; empty it first, or remove what the spec puts into it"
    fi
    i=$((i + 1))
done
