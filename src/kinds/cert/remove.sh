# Row: name, folder. The timer goes with the last certificate that it renews.
certs=/etc/infra/certs
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1))
    message=$(
        exec 2>&1
        rm -f -- "$certs/$f1.conf" "$certs/$f1.reload"
        for file in privkey cert chain fullchain; do
            if [ -L "$f2/$file.pem" ]; then rm -f -- "$f2/$file.pem" || exit; fi
        done
        rm -f -- "$f2/.live"
        set +f
        rm -rf -- "$f2"/.set-*
        set -f
        # What else is in the folder is somebody else's.
        [ ! -d "$f2" ] || rmdir -- "$f2" 2>/dev/null || :
    ) || item_failed "$i" "$message"
done
set +f
set -- "$certs"/*.conf
set -f
if ! [ -e "$1" ] && [ -e /etc/systemd/system/infra-certs.timer ]; then
    systemctl disable --quiet --now infra-certs.timer
    rm -f -- /etc/systemd/system/infra-certs.timer /etc/systemd/system/infra-certs.service /usr/local/lib/infra/certs
    rmdir -- /usr/local/lib/infra 2>/dev/null
    systemctl daemon-reload
fi
