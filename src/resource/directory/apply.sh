# Row: path, owner, group, mode; what is empty stays as it is, or as mkdir makes it.
# A new folder is made beside its place and renamed, so that one with the wrong owner or mode is never seen.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 owner=$f2 group=$f3 mode=$f4
    index=$i
    i=$((i + 1))
    new=$path
    if ! [ -d "$path" ] || [ -L "$path" ]; then
        if path_state "$path"; then
            item_failed "$index" "$path is there, but not a folder"
            continue
        fi
        new=${path%/*}/.infra-$$-$index.tmp
        if ! message=$(mkdir -p -- "${path%/*}/" 2>&1 && mkdir -m 0700 -- "$new" 2>&1); then
            item_failed "$index" "$message"
            continue
        fi
        mode=${mode:-0755}
    fi
    # chmod takes a folder's setuid and setgid bits away only where the mode has five digits.
    if { [ -z "$owner$group" ] || message=$(chown -- "$owner${group:+:$group}" "$new" 2>&1); } &&
        { [ -z "$mode" ] || message=$(chmod -- "0$mode" "$new" 2>&1); } &&
        { [ "$new" = "$path" ] || message=$(mv -T -- "$new" "$path" 2>&1); }; then
        continue
    fi
    item_failed "$index" "$message"
    [ "$new" = "$path" ] || rmdir -- "$new"
done
