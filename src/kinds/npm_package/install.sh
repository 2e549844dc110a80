# With @ and a version where one is wanted. All are installed by one npm.
columns package
set --
for row in $ROWS; do
    read_row "$row"
    set -- "$@" "$package"
done
npm install --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$@" </dev/null
