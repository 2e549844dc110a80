# The backups that were made stay.
columns name
i=0
for row in $ROWS; do
    read_row "$row"
    timer=infra-backup-$name.timer
    if [ -f "/etc/systemd/system/$timer" ]; then
        message=$(systemctl disable --quiet --now "$timer" 2>&1) || item_failed "$i" "$message"
    else
        systemctl stop "$timer" 2>/dev/null
        rm -f -- "/etc/systemd/system/timers.target.wants/$timer"
    fi
    message=$(rm -f -- "/usr/local/sbin/infra-backup-$name" "/etc/systemd/system/infra-backup-$name.service" \
        "/etc/systemd/system/$timer" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
systemctl daemon-reload
