# Row: path. Record: "absent", or type, owner, group, mode.
# Two processes, however many rows: printf and the loop are builtins.
present=
i=0
for row in $ROWS; do
    fields "$row"
    if path_state "$1"; then
        present="$present$i$US$1$NL"
    else
        emit "$i" "$path_state"
    fi
    i=$((i + 1))
done
