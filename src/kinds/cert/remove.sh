# The timer goes with the last certificate that it renews.
columns name dir
certs=/etc/infra/certs
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    message=$(
        exec 2>&1
        rm -f -- "$certs/$name.conf" "$certs/$name.reload"
        for file in privkey cert chain fullchain; do
            if [ -L "$dir/$file.pem" ]; then rm -f -- "$dir/$file.pem" || exit; fi
        done
        rm -f -- "$dir/.live"
        set +f
        rm -rf -- "$dir"/.set-*
        set -f
        # What else is in the folder is somebody else's.
        [ ! -d "$dir" ] || rmdir -- "$dir" 2>/dev/null || :
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
