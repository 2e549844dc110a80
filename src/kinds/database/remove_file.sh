# What SQLite keeps beside a database goes with it.
columns path
i=0
for row in $ROWS; do
    read_row "$row"
    message=$(rm -f -- "$path" "$path-wal" "$path-shm" "$path-journal" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
