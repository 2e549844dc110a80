# Row: the state folder. Record: action, resource; one for each restart or reload owed. No process.
split_row "$ROWS"
set +f
for _file in "$f1"/owed/*; do
    [ -f "$_file" ] || continue
    if IFS= read -r _line <"$_file"; then
        IFS=$US
        set -- $_line
        IFS=$NL
        printf '%s\n' "$R${US}0$US${1-}$US${2-}"
    fi
done
