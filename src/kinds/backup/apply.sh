# Sizes are of what is on standard input, "-" where a file stays.
# Each file is written beside its place, with its mode before its content, and renamed; then systemd reads the units.
columns name schedule program_size program_hash service_size service_hash timer_size timer_hash
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
        new=${path%/*}/.infra-$$-$i.tmp
        if [ "$size" = - ]; then
            [ -n "$wrong" ] || message=$(chown root:root "$path" 2>&1 && chmod "$mode" "$path" 2>&1) || wrong=$message
            continue
        fi
        if [ -n "$wrong" ]; then
            take "$size" >/dev/null
        elif ! message=$(mkdir -p -- "${path%/*}" 2>&1 && rm -f -- "$new" && umask 077 && set -C && : 2>&1 >"$new"); then
            take "$size" >/dev/null
            wrong="cannot write beside $path: $message"
        elif ! take "$size" >"$new" || sum=$(sha256sum <"$new") && [ "${sum%% *}" != "$hash" ]; then
            wrong="cannot write $path; is the disk full?"
        elif ! message=$(chmod "$mode" "$new" 2>&1 && { sync -- "$new" 2>/dev/null || sync; } && mv -f -T -- "$new" "$path" 2>&1); then
            wrong="cannot put $path in place: $message"
        fi
        rm -f -- "$new"
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
