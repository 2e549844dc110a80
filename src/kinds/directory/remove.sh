# A folder that holds anything stays. place.sh goes before.
columns path
know_paths
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    path_state "$path" || continue
    if ! enter "${path%/*}"; then
        item_failed "$i" "$why"
    elif ! why=$(rmdir -- "./${path##*/}" 2>&1); then
        item_failed "$i" "$why; empty it first, or remove what the spec puts into it"
    fi
    cd /
done
