columns path
know_paths
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    remove_at "$path" || item_failed "$i" "$why"
done
