# Row: the note of what a secret replaced, which nothing needs any more.
i=0
for row in $ROWS; do
    split_row "$row"
    message=$(rm -f -- "$f1" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
