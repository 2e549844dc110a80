# All are on the host already, as dependencies of others.
columns package pattern goes recommends replaces
set --
for row in $ROWS; do
    read_row "$row"
    set -- "$@" "$package"
done
message=$(apt-mark manual -- "$@" 2>&1) && exit
i=0
for row in $ROWS; do
    read_row "$row"
    message=$(apt-mark manual -- "$package" 2>&1) || item_failed "$i" "$message"
    i=$((i + 1))
done
