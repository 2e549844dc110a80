# place.sh goes before.
columns path
know_paths
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    path_state "$path" || [ "$path_state" = denied ] || continue
    { enter "${path%/*}" && why=$(rm -f -- "./${path##*/}" 2>&1); } || item_failed "$i" "$why"
    cd /
done
