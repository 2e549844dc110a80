# Row: path, owner, group, mode; what is empty stays as it is, or as mkdir makes it.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 owner=$f2 group=$f3 mode=$f4
    index=$i
    i=$((i + 1))
    if ! [ -d "$path" ] || [ -L "$path" ]; then
        # Made closed and opened to its mode only once it has its owner.
        if ! message=$(mkdir -p -- "${path%/*}/" 2>&1 && mkdir -m 0700 -- "$path" 2>&1); then
            item_failed "$index" "$message"
            continue
        fi
        mode=${mode:-0755}
    fi
    if [ -n "$owner$group" ] && ! message=$(chown -- "$owner${group:+:$group}" "$path" 2>&1); then
        item_failed "$index" "$message"
        continue
    fi
    if [ -n "$mode" ] && ! message=$(chmod -- "$mode" "$path" 2>&1); then
        item_failed "$index" "$message"
    fi
done
