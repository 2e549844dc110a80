# Size and SHA-256 are of the file on standard input ("-" where it stays); taking is what a running engine needs to take it: reload,
# restart or "". place.sh goes before.
columns size hash taking
read_row "$ROWS"
folder=/etc/docker
file=$folder/daemon.json

command -v dockerd >/dev/null || {
    echo "dockerd is not on the host: add the package docker.io"
    exit 1
}

# run VERB: start, restart or reload; prints what the engine itself had to say to that, but for the usual, where it fails.
run() {
    # An engine that was started often lately is not started again otherwise.
    systemctl reset-failed docker.service 2>/dev/null
    systemctl "$1" docker.service 2>/dev/null && return
    id=$(systemctl show --property=InvocationID --value docker.service)
    journalctl --no-pager --quiet --output=cat --lines=50 "_SYSTEMD_INVOCATION_ID=$id" |
        grep -v -e ' level=debug ' -e ' level=info ' -e ' level=warning ' | tail -n 4
    return 1
}

if [ "$size" != - ]; then
    mkdir -p -- "$folder" || exit
    know_folders "$folder"
    if ! needs_closed "$folder" || ! stage_for "$folder"; then
        echo "$why"
        exit 1
    fi
    new=$stage/daemon.json
    (umask 022 && take "$size" >"$new") || exit
    sum=$(sha256sum <"$new")
    if [ "${sum%% *}" != "$hash" ]; then
        echo "$file did not arrive whole"
        exit 1
    fi
    case $(dockerd --help 2>&1) in
        *--validate*)
            message=$(dockerd --validate --config-file="$new" 2>&1) || {
                item_failed 0 "dockerd refuses the settings, nothing was changed: $message"
                exit 0
            }
            ;;
    esac
    : >"$folder/.infra-unapplied" || exit
    rm -f -- "$folder/.infra-old"
    [ ! -e "$file" ] || ln -- "$file" "$folder/.infra-old" || exit
    sync -- "$new" 2>/dev/null || sync
    mv -f -T -- "$new" "$file" || exit
fi

message=$(systemctl enable docker.service 2>&1) || {
    echo "$message"
    exit 1
}
systemctl is-active --quiet docker.service && was=running || was=stopped
case $was$taking in
    running) verb='' ;;
    runningreload) verb=reload ;;
    runningrestart) verb=restart ;;
    *) verb=start ;;
esac
if [ -n "$verb" ] && ! message=$(run "$verb"); then
    printf '%s\n' "$message"
    if [ "$size" != - ]; then
        if [ -e "$folder/.infra-old" ]; then mv -f -- "$folder/.infra-old" "$file"; else rm -f -- "$file"; fi
        if [ "$was" = running ] && run restart >/dev/null; then
            failure="the engine does not start with these settings; it runs with the old ones again"
        else
            failure="the engine does not start with these settings; the old ones are back, it does not run"
        fi
        rm -f -- "$folder/.infra-unapplied"
    else
        failure="the engine does not start"
    fi
    item_failed 0 "$failure; journalctl -u docker says why"
    exit 0
fi
rm -f -- "$folder/.infra-old" "$folder/.infra-unapplied"
