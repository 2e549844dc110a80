# Row: path, owner, group, mode, size of its new content on standard input ("-" for none), SHA-256 of it, SHA-256 it had when
# it was looked at ("" where it was not there), why it cannot be edited.
# The file is written beside itself: owner and mode before content, then synced, then renamed.
i=-1
for row in $ROWS; do
    split_row "$row"
    path=$f1 owner=$f2 group=$f3 mode=$f4 size=$f5 hash=$f6 before=$f7
    i=$((i + 1))
    if [ "$size" = - ]; then
        decode "$f8"
        item_failed "$i" "$decoded"
        continue
    fi
    [ ! -L "$path" ] || path=$(readlink -f -- "$path")
    new=${path%/*}/.infra-$$-$i.tmp
    if ! message=$(rm -f -- "$new" && umask 077 && set -C && : 2>&1 >"$new"); then
        take "$size" >/dev/null
        item_failed "$i" "cannot write beside it: $message"
        continue
    fi
    take "$size" >"$new"
    sum=$(sha256sum <"$new")
    if [ "${sum%% *}" != "$hash" ]; then
        item_failed "$i" "its content did not arrive whole; is the disk full?"
        rm -f -- "$new"
        continue
    fi
    now=
    [ ! -e "$path" ] || now=$(sha256sum <"$path")
    if [ "${now%% *}" != "$before" ]; then
        item_failed "$i" "it changed since it was looked at; plan again"
        rm -f -- "$new"
        continue
    fi
    if [ -n "$owner$group" ] && ! message=$(chown -- "$owner${group:+:$group}" "$new" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
        continue
    fi
    if ! message=$(chmod -- "$mode" "$new" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
        continue
    fi
    sync -- "$new" 2>/dev/null || sync
    if ! message=$(mv -f -T -- "$new" "$path" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
    fi
done
