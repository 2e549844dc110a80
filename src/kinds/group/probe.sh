# One getent at most, however many rows. One that is absent could not be made, where there is no groupadd.
# Record: "absent"
# Record: "no-groupadd"
# Record: "present", gid
columns group
groups='' file=''
if accounts_are_files; then
    file=/etc/group
elif command -v getent >/dev/null; then
    names=
    for row in $ROWS; do
        read_row "$row"
        names=$names$group$NL
    done
    groups=$(getent group $names)
    status=$?
    # 2: some of them are not there.
    case $status in 0 | 2) ;; *) exit "$status" ;; esac
else
    groups=$(cat /etc/group) || exit
fi
missing=no-groupadd
command -v groupadd >/dev/null && missing=absent
printf '%s\n\n%s\n' "$ROWS" "$groups" | awk -F "[:$US]" $awk_columns -v r="$R" -v OFS="$US" -v missing="$missing" -v file="$file" '
    function take(line, field) {
        split(line, field, ":")
        if (!(field[1] in gid)) gid[field[1]] = field[3]
    }
    $0 == "" { part++; next }
    part == 0 { name[rows++] = $group; next }
    { take($0) }
    END {
        while (file != "" && (getline line <file) > 0) take(line)
        for (at = 0; at < rows; at++)
            if (name[at] in gid) print r, at, "present", gid[name[at]]
            else print r, at, missing
    }'
