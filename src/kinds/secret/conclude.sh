# Nothing needs any more the note of what a secret replaced.
columns note
i=0
for row in $ROWS; do
    read_row "$row"
    message=$(rm -f -- "$note" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
