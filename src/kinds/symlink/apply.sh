# The link is made in the stage and renamed, so that there is always one or the other.
columns path target owner group
know_paths

link() {
    ready_file "$path" || return
    if why=$(ln -s -- "$target" "$new" 2>&1) &&
        { [ -z "$owner$group" ] || why=$(chown -h -- "$owner${group:+:$group}" "$new" 2>&1); } &&
        { [ -L "$path" ] || ! [ -d "$path" ] || remove_at "$path" folder; }; then
        put_at "$new" "$path"
    else
        return 1
    fi
}

i=0
for row in $ROWS; do
    read_row "$row"
    link || item_failed "$i" "$why"
    i=$((i + 1))
done
