# Row: path, owner, group, mode; what is empty stays as it is. An empty file is a database without tables.
i=0
for row in $ROWS; do
    split_row "$row"
    if { [ -e "$f1" ] || message=$( (umask 077 && set -C && : >"$f1") 2>&1); } &&
        { [ -z "$f2$f3" ] || message=$(chown -- "$f2${f3:+:$f3}" "$f1" 2>&1); } &&
        { [ -z "$f4" ] || message=$(chmod -- "$f4" "$f1" 2>&1); }; then
        :
    else
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
