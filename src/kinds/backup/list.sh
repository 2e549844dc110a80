# Row: name. Records: present, or absent where its program is not there; then name and size of each backup.
split_row "$ROWS"
if ! [ -x "/usr/local/sbin/infra-backup-$f1" ]; then
    emit 0 absent
    return 0
fi
listed=$("/usr/local/sbin/infra-backup-$f1" list) || return
emit 0 present
for line in $listed; do
    emit 0 backup "${line% *}" "${line##* }"
done
