# One that went with its user is gone already.
columns name
i=0
for row in $ROWS; do
    read_row "$row"
    if getent group "$name" >/dev/null; then
        message=$(groupdel -- "$name" </dev/null 2>&1) || item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
