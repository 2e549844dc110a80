# A folder that holds anything stays. place.sh goes before.
columns path
folders=
for row in $ROWS; do
    read_row "$row"
    folders=$folders${path%/*}/$NL
done
know_folders $folders
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
