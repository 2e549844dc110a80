# Row: path. What SQLite keeps beside a database goes with it.
i=0
for row in $ROWS; do
    split_row "$row"
    message=$(rm -f -- "$f1" "$f1-wal" "$f1-shm" "$f1-journal" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
