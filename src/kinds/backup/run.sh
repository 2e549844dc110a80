# Row: name, command, file of a backup.
split_row "$ROWS"
program=/usr/local/sbin/infra-backup-$f1
if ! [ -x "$program" ]; then
    echo "$program is not on the host: apply the spec first"
    exit 1
fi
"$program" "$f2" ${f3:+"$f3"}
