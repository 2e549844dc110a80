# Its lists go when the lists are read the next time.
columns name
index=0
for row in $ROWS; do
    read_row "$row"
    message=$(rm -f -- "/etc/apt/sources.list.d/$name.sources" "/etc/apt/preferences.d/$name.pref" "/etc/apt/keyrings/$name.asc" \
        "/etc/apt/keyrings/$name.gpg" 2>&1) || item_failed "$index" "$message"
    index=$((index + 1))
done
