# The link is made beside its place and renamed, so that there is always one or the other.
columns path target owner group
i=0
for row in $ROWS; do
    read_row "$row"
    new=${path%/*}/.infra-$$-$i.tmp
    if message=$(mkdir -p -- "${path%/*}/" 2>&1 && ln -s -- "$target" "$new" 2>&1) &&
        { [ -z "$owner$group" ] || message=$(chown -h -- "$owner${group:+:$group}" "$new" 2>&1); } &&
        { [ -L "$path" ] || ! [ -d "$path" ] || message=$(rmdir -- "$path" 2>&1); } &&
        message=$(mv -f -T -- "$new" "$path" 2>&1); then
        :
    else
        item_failed "$i" "$message"
        rm -f -- "$new"
    fi
    i=$((i + 1))
done
