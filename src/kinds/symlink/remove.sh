# Only a link is removed.
columns path
know_paths
i=0
for row in $ROWS; do
    read_row "$row"
    if [ -L "$path" ] && ! remove_at "$path"; then
        item_failed "$i" "$why"
    fi
    i=$((i + 1))
done
