# Row: name, and @ and a version where one is wanted. All are installed by one npm.
set --
for row in $ROWS; do
    split_row "$row"
    set -- "$@" "$f1"
done
npm install --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$@" </dev/null
