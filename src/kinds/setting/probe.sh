# A link is followed; the target is where it leads. A constant number of processes, and one base64 for each file.
# Record: "absent"
# Record: "denied"
# Record: "large"
# Record: "file", owner, group, mode, hash, base64, target
# Record: type
columns path most
scan_rows=$ROWS
ROWS=$(
    for row in $scan_rows; do
        read_row "$row"
        if [ -L "$path" ] && [ -e "$path" ]; then
            path=$(readlink -f -- "$path")
        fi
        printf '%s\n' "$path$US"
    done
)
scan_paths hash
set -- $scan_rows
i=-1
for line in $scanned; do
    i=$((i + 1))
    read_row "$1"
    shift
    read_scan "$line"
    type=$seen_type owner=$seen_owner group=$seen_group mode=$seen_mode hash=$seen_hash target=$seen_path
    if [ "$type" != file ]; then
        emit "$i" "$type"
    elif [ "$seen_size" -gt "$most" ]; then
        emit "$i" large
    else
        base64=$(base64 -w 0 <"$target" 2>/dev/null || base64 <"$target" | tr -d '\n')
        emit "$i" file "$owner" "$group" "$mode" "$hash" "$base64" "$target"
    fi
done
