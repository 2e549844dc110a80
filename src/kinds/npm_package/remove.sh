# Row: name.
set --
for row in $ROWS; do
    split_row "$row"
    set -- "$@" "$f1"
done
npm uninstall --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$@" </dev/null
