# Row, further: archive or folder where it is made of one on the host, its path.
# Record, further: source, what it would be made of now ("" where it is not there, after "!" why it cannot be read).
i=0
for row in $ROWS; do
    split_row "$row"
    if [ -n "$f3" ]; then
        source_of "$f3" "$f4"
        emit "$i" source "$source"
    fi
    i=$((i + 1))
done
