# After what looks at images. The form is archive or folder, where it is made of one on the host. The source is what it would be made
# of now, "" where that is not there, after "!" why it cannot be read.
# Record: "source", source
columns sort name form path
i=0
for row in $ROWS; do
    read_row "$row"
    if [ -n "$form" ]; then
        source_of "$form" "$path"
        emit "$i" source "$source"
    fi
    i=$((i + 1))
done
