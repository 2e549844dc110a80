# Row: path.
i=0
for row in $ROWS; do
    split_row "$row"
    if ! message=$(rm -f -- "$f1" 2>&1); then
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
