columns name command file
read_row "$ROWS"
program=/usr/local/sbin/infra-backup-$name
if ! [ -x "$program" ]; then
    echo "$program is not on the host: apply the spec first"
    exit 1
fi
"$program" "$command" ${file:+"$file"}
