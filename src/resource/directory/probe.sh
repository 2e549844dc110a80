# Row: path. Record: "absent", "denied", or type, owner, group, mode.
# A constant number of processes, however many rows.
scan_paths
for line in $scanned; do
    split_row "$line"
    emit "$f1" "$f2" "$f3" "$f4" "$f5"
done
