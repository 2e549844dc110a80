# The owner is that of the files, with the group, the mode that of the key; the action is order or keep. How it is renewed is kept only once it
# has been issued, so that a timer does not repeat what failed at once; an older certificate goes on being renewed as before.
columns name owner mode action settings folder
read_row "$ROWS"
decode "$settings"
lock || exit
read_settings "$name" <<SETTINGS
$decoded
SETTINGS
ready_stage "$dir/" && ready_stage "$certs/" || say_why || exit
if [ "$action" != keep ]; then
    (obtain "$owner" "$mode" 2>&1)
    status=$?
else
    status=0
fi
if [ "$status" = 3 ]; then
    # Its settings are not kept: the timer would order one each time it looks.
    end=$(openssl x509 -in "$folder/.live/cert.pem" -noout -enddate)
    item_failed 0 "it is in place, but due for renewal at once: the server issues it until ${end#*=}; make \`renew_before\` shorter"
    exit
elif [ "$status" != 0 ]; then
    if [ -s "$folder/.live/cert.pem" ]; then
        item_failed 0 'no certificate could be had; the one that was there stays in use'
    else
        item_failed 0 'no certificate could be had'
    fi
    exit
fi
message=$(
    exec 2>&1
    aside "$certs" "$name.new" && printf '%s' "$decoded" >"$aside" && chmod 0644 "$aside" && sync &&
        mv -f -T -- "$aside" "$certs/$name.conf" && pay_reload
) || item_failed 0 "${message:-its settings cannot be kept}"
