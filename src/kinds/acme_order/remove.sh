# Row: name. Certbot's files of it go too.
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1))
    rm -f -- "/etc/infra/certs/$f1.conf" "/etc/infra/certs/$f1.reload"
    [ -e "/etc/letsencrypt/renewal/$f1.conf" ] && command -v certbot >/dev/null || continue
    message=$(IFS=" $NL" certbot delete --non-interactive --cert-name "$f1" </dev/null 2>&1) || item_failed "$i" "$message"
done
