# What SQLite keeps beside a database goes with it.
columns path
know_paths
i=0
for row in $ROWS; do
    read_row "$row"
    for one in "$path" "$path-wal" "$path-shm" "$path-journal"; do
        remove_at "$one" || item_failed "$i" "$why"
    done
    i=$((i + 1))
done
