# The size is that on standard input. What another step has put in place already stays.
columns path mode size hash
scan_paths hash
missing=
set -- $scanned
for row in $ROWS; do
    read_row "$row"
    case $1 in *"${US}root${US}root$US$mode$US"*"$US$hash$US"*) ;; *) missing=1 ;; esac
    shift
done
if [ -z "$missing" ] && systemctl is-active --quiet infra-certs.timer && systemctl is-enabled --quiet infra-certs.timer; then
    return 0
fi
know_paths
for row in $ROWS; do
    read_row "$row"
    ready_file "$path" && receive "$size" "$new" || say_why || return
    sum=$(sha256sum <"$new")
    if [ "${sum%% *}" != "$hash" ]; then
        printf '%s\n' "$path did not arrive whole"
        return 1
    fi
    chown root:root "$new" && chmod "$mode" "$new" && { sync -- "$new" 2>/dev/null || sync; } || return
    put_at "$new" "$path" || say_why || return
done
systemctl daemon-reload && systemctl enable --quiet infra-certs.timer && systemctl restart infra-certs.timer
