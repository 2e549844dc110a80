# With @ and a version where one is wanted. All are installed by one npm.
columns package
set --
for row in $ROWS; do
    read_row "$row"
    set -- "$@" "$package"
done
# Where npm does not take them together, each is tried alone: one that it refuses is no reason for another.
npm install --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$@" </dev/null && exit
[ $# -gt 1 ] || exit
i=0
for package do
    message=$(npm install --global --no-audit --no-fund --no-update-notifier --loglevel=error -- "$package" </dev/null 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
