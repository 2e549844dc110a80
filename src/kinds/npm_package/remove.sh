columns name
set --
for row in $ROWS; do
    read_row "$row"
    set -- "$@" "$name"
done
npm uninstall --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$@" </dev/null
