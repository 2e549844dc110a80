# Certbot's files of it go too.
columns name
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    rm -f -- "/etc/infra/certs/$name.conf" "/etc/infra/certs/$name.reload"
    [ -e "/etc/letsencrypt/renewal/$name.conf" ] && command -v certbot >/dev/null || continue
    message=$(IFS=" $NL" certbot delete --non-interactive --cert-name "$name" </dev/null 2>&1) || item_failed "$i" "$message"
done
