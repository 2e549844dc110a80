# Row: name. Its lists go when the lists are read the next time.
index=0
for row in $ROWS; do
    split_row "$row"
    message=$(rm -f -- "/etc/apt/sources.list.d/$f1.sources" "/etc/apt/preferences.d/$f1.pref" "/etc/apt/keyrings/$f1.asc" \
        "/etc/apt/keyrings/$f1.gpg" 2>&1) || item_failed "$index" "$message"
    index=$((index + 1))
done
