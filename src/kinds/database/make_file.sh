# What is empty stays as it is. An empty file is a database without tables.
columns path owner group mode
i=0
for row in $ROWS; do
    read_row "$row"
    if { [ -e "$path" ] || message=$( (umask 077 && set -C && : >"$path") 2>&1); } &&
        { [ -z "$owner$group" ] || message=$(chown -- "$owner${group:+:$group}" "$path" 2>&1); } &&
        { [ -z "$mode" ] || message=$(chmod -- "$mode" "$path" 2>&1); }; then
        :
    else
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
