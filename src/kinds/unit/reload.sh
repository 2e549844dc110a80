# The folder of drop-ins goes with the last of them. Then systemd reads what is there now, once.
for row in $ROWS; do
    split_row "$row"
    [ -z "$f4" ] || continue
    case $f1 in *.d/*) rmdir -- "${f1%/*}" 2>/dev/null ;; esac
done
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload && rm -f -- "$unit_list"
