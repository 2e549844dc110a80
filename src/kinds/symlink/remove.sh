# Row: path. Only a link is removed.
i=0
for row in $ROWS; do
    split_row "$row"
    if [ -L "$f1" ] && ! message=$(rm -f -- "$f1" 2>&1); then
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
