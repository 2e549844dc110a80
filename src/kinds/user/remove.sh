# Row: user, "1" where its home and mail go as well.
i=0
for row in $ROWS; do
    split_row "$row"
    if getent passwd "$f1" >/dev/null; then
        if ! message=$(userdel ${f2:+-r} -- "$f1" </dev/null 2>&1); then
            item_failed "$i" "$message"
        fi
    fi
    i=$((i + 1))
done
