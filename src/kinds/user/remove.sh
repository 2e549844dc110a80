# Row: user, "1" where its home and mail go as well.
columns name remove_home
i=0
for row in $ROWS; do
    read_row "$row"
    if getent passwd "$name" >/dev/null; then
        if ! message=$(userdel ${remove_home:+-r} -- "$name" </dev/null 2>&1); then
            item_failed "$i" "$message"
        fi
    fi
    i=$((i + 1))
done
