# Row: group. One that went with its user is gone already.
i=0
for row in $ROWS; do
    split_row "$row"
    if getent group "$f1" >/dev/null; then
        message=$(groupdel -- "$f1" </dev/null 2>&1) || item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
