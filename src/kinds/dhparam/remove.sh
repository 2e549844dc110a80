# Row: path.
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1))
    message=$(rm -f -- "$f1" 2>&1) || item_failed "$i" "$message"
done
