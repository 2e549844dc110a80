columns path
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    message=$(rm -f -- "$path" 2>&1) || item_failed "$i" "$message"
done
