# Row: path, mode, size on standard input, SHA-256. What another step has put in place already stays.
scan_paths hash
missing=
set -- $scanned
for row in $ROWS; do
    split_row "$row"
    case $1 in *"${US}root${US}root$US$f2$US"*"$US$f4$US"*) ;; *) missing=1 ;; esac
    shift
done
if [ -z "$missing" ] && systemctl is-active --quiet infra-certs.timer && systemctl is-enabled --quiet infra-certs.timer; then
    return 0
fi
failed=
for row in $ROWS; do
    split_row "$row"
    new=${f1%/*}/.infra-$$.tmp
    if ! mkdir -p -- "${f1%/*}" || ! rm -f -- "$new" || ! (umask 077 && take "$f3" >"$new"); then
        failed=1
        break
    fi
    sum=$(sha256sum <"$new")
    if [ "${sum%% *}" != "$f4" ]; then
        printf '%s\n' "$f1 did not arrive whole; is the disk full?"
        failed=1
        break
    fi
    if ! chown root:root "$new" || ! chmod "$f2" "$new" || ! { sync -- "$new" 2>/dev/null || sync; } ||
        ! mv -f -T -- "$new" "$f1"; then
        failed=1
        break
    fi
done
rm -f -- "$new"
[ -z "$failed" ] || return 1
systemctl daemon-reload && systemctl enable --quiet infra-certs.timer && systemctl restart infra-certs.timer
