# Sizes are of what is on standard input, "-" where a file stays.
# Each file is written in the stage, with its mode, and renamed; then systemd reads the units.
columns name schedule program_size program_hash service_size service_hash timer_size timer_hash
know_folders /usr/local/sbin /etc/systemd/system
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1)) wrong=
    decode "$schedule" && schedule=$decoded
    if ! message=$(systemd-analyze calendar -- "$schedule" 2>&1); then
        wrong="systemd does not take the schedule $schedule: $message"
    fi
    set -- /usr/local/sbin/infra-backup-"$name" 0700 "$program_size" "$program_hash" \
        "/etc/systemd/system/infra-backup-$name.service" 0644 "$service_size" "$service_hash" \
        "/etc/systemd/system/infra-backup-$name.timer" 0644 "$timer_size" "$timer_hash"
    while [ $# -gt 0 ]; do
        path=$1 mode=$2 size=$3 hash=$4
        shift 4
        if [ "$size" = - ]; then
            [ -n "$wrong" ] || message=$(chown root:root "$path" 2>&1 && chmod "$mode" "$path" 2>&1) || wrong=$message
            continue
        fi
        if [ -n "$wrong" ]; then
            take "$size" >/dev/null
        elif ! ready_file "$path"; then
            take "$size" >/dev/null
            wrong="cannot write beside $path: $why"
        elif ! receive "$size" "$new"; then
            wrong=$why
        elif sum=$(sha256sum <"$new") && [ "${sum%% *}" != "$hash" ]; then
            wrong="$path did not arrive whole"
        elif ! why=$(chmod "$mode" "$new" 2>&1 && { sync -- "$new" 2>/dev/null || sync; }) || ! put_at "$new" "$path"; then
            wrong="cannot put $path in place: $why"
        fi
    done
    [ -z "$wrong" ] || item_failed "$i" "$wrong"
done
systemctl daemon-reload || exit
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    [ -f "/etc/systemd/system/infra-backup-$name.timer" ] || continue
    # A timer that runs goes by its old schedule until it is restarted.
    message=$(systemctl enable --quiet "infra-backup-$name.timer" 2>&1 && systemctl restart "infra-backup-$name.timer" 2>&1) ||
        item_failed "$i" "$message"
done
