# Row: name. The backups that were made stay.
i=0
for row in $ROWS; do
    split_row "$row"
    timer=infra-backup-$f1.timer
    if [ -f "/etc/systemd/system/$timer" ]; then
        message=$(systemctl disable --quiet --now "$timer" 2>&1) || item_failed "$i" "$message"
    else
        systemctl stop "$timer" 2>/dev/null
        rm -f -- "/etc/systemd/system/timers.target.wants/$timer"
    fi
    message=$(rm -f -- "/usr/local/sbin/infra-backup-$f1" "/etc/systemd/system/infra-backup-$f1.service" \
        "/etc/systemd/system/$timer" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
systemctl daemon-reload
