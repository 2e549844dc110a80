# What is empty stays as it is. An empty file is a database without tables.
columns path owner group mode
know_paths

make() {
    hold "$path" || return
    [ -n "$held" ] || { ready_file "$path" && held=$new && why=$( (umask 077 && : 2>&1 >"$new") 2>&1); } || return
    { [ -z "$owner$group" ] || why=$(chown -- "$owner${group:+:$group}" "$held" 2>&1); } &&
        { [ -z "$mode" ] || why=$(chmod -- "$mode" "$held" 2>&1); } || return
    [ "$held" != "$new" ] || add_at "$new" "$path"
}

i=0
for row in $ROWS; do
    read_row "$row"
    new=
    make || item_failed "$i" "$why"
    i=$((i + 1))
done
