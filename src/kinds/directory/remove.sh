# A folder that holds anything stays.
columns path
i=0
for row in $ROWS; do
    read_row "$row"
    if path_state "$path" && ! message=$(rmdir -- "$path" 2>&1); then
        item_failed "$i" "$message; empty it first, or remove what the spec puts into it"
    fi
    i=$((i + 1))
done
