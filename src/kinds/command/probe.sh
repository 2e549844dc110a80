# Record: wanted or done with the guard that said so, no-container, no-user, no-directory.
i=0
for row in $ROWS; do
    (
        read_command "$row"
        guard
        emit "$i" "$guard" "$because"
    )
    i=$((i + 1))
done
