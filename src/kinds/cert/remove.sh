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
        [ -d "$dir" ] || exit 0
        know_folders "$dir"
        enter "$dir" || say_why || exit
        for file in privkey cert chain fullchain; do
            if [ -L "./$file.pem" ]; then rm -f -- "./$file.pem" || exit; fi
        done
        rm -f -- ./.live
        set +f
        rm -rf -- ./.set-*
        set -f
        # What else is in the folder is somebody else's.
        remove_at "$dir" folder || :
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
