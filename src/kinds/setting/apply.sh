# Row: as for all files that are written whole, with four more fields: the command that judges it, the SHA-256 it had when it was
# looked at ("" where it was not there), the link that leads to it ("" where it is none), and why it cannot be edited.
columns path owner group mode staged size validate hash link wrong
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    [ -z "$link" ] || leads_to "$link" "$path" || refuse "$i" "$why"
done
stage_files
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1)) now=
    case $refused in *":$i:"*) continue ;; esac
    if [ -n "$wrong" ]; then
        decode "$wrong"
        refuse "$i" "$decoded"
        continue
    fi
    [ ! -e "$path" ] || now=$(sha256sum <"$path")
    [ "${now%% *}" = "$hash" ] || refuse "$i" "it changed since it was looked at; plan again"
done
give chown
give chmod
