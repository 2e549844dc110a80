# Row: path, target, owner, group. The link is made beside its place and renamed, so that there is always one or the other.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 target=$f2 owner=$f3 group=$f4
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
