# Row: as for all files that are written whole, with two more fields: the SHA-256 it had when it was looked at ("" where it was
# not there), and why it cannot be edited.
stage_files
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) now=
    case $refused in *":$i:"*) continue ;; esac
    if [ -n "$f8" ]; then
        decode "$f8"
        refuse "$i" "$decoded"
        continue
    fi
    [ ! -e "$f1" ] || now=$(sha256sum <"$f1")
    [ "${now%% *}" = "$f7" ] || refuse "$i" "it changed since it was looked at; plan again"
done
give chown
give chmod
place_files
