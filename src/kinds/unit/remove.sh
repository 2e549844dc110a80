# Row: path.
unit_list=/run/infra-daemon-reload
i=0
for row in $ROWS; do
    split_row "$row"
    printf '%s\n' "$f1" >>"$unit_list" || exit
    if ! message=$(rm -f -- "$f1" 2>&1); then
        item_failed "$i" "$message"
    fi
    # The folder of drop-ins goes with the last of them.
    case $f1 in *.d/*) rmdir -- "${f1%/*}" 2>/dev/null ;; esac
    i=$((i + 1))
done
