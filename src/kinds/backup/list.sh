# First whether its program is there, then each backup.
# Record: "present"
# Record: "absent"
# Record: "backup", name, size
columns name
read_row "$ROWS"
if ! [ -x "/usr/local/sbin/infra-backup-$name" ]; then
    emit 0 absent
    return 0
fi
listed=$("/usr/local/sbin/infra-backup-$name" list) || return
emit 0 present
for line in $listed; do
    emit 0 backup "${line% *}" "${line##* }"
done
