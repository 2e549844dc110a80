# Only a link is removed.
columns path
i=0
for row in $ROWS; do
    read_row "$row"
    if [ -L "$path" ] && ! message=$(rm -f -- "$path" 2>&1); then
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
