# Row: path, owner, group, mode, size of its content on standard input ("-" where the content stays), SHA-256 of it.
# Every file is written beside its target: owner and mode before content, then synced, then renamed.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 owner=$f2 group=$f3 mode=$f4 size=$f5 hash=$f6
    index=$i
    i=$((i + 1))
    if [ "$size" = - ]; then
        new=$path
    else
        new=${path%/*}/.infra-$$-$index.tmp
        # Nobody else may read it before its mode is set, and nobody may have put a link there (set -C opens with O_EXCL).
        if ! message=$(rm -f -- "$new" && umask 077 && set -C && : 2>&1 >"$new"); then
            take "$size" >/dev/null
            item_failed "$index" "cannot write beside it: $message"
            continue
        fi
        if ! take "$size" >"$new"; then
            item_failed "$index" "cannot write its content; is the disk full?"
            rm -f -- "$new"
            continue
        fi
        sum=$(sha256sum <"$new")
        if [ "${sum%% *}" != "$hash" ]; then
            item_failed "$index" "its content did not arrive whole; is the disk full?"
            rm -f -- "$new"
            continue
        fi
    fi
    if [ -n "$owner$group" ]; then
        if ! message=$(chown -- "$owner${group:+:$group}" "$new" 2>&1); then
            item_failed "$index" "$message"
            [ "$new" = "$path" ] || rm -f -- "$new"
            continue
        fi
    fi
    if ! message=$(chmod -- "$mode" "$new" 2>&1); then
        item_failed "$index" "$message"
        [ "$new" = "$path" ] || rm -f -- "$new"
        continue
    fi
    [ "$new" = "$path" ] && continue
    sync -- "$new" 2>/dev/null || sync
    if ! message=$(mv -f -T -- "$new" "$path" 2>&1); then
        item_failed "$index" "$message"
        rm -f -- "$new"
    fi
done
