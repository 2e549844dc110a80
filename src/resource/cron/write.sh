# Row: path, mode, size of its content on standard input ("-" where the content stays), SHA-256 of it.
# The new file has a name that cron does not read, until it is renamed.
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) new=$f1
    if [ "$f3" != - ]; then
        new=${f1%/*}/.infra-$$-$i.tmp
        if ! message=$(umask 077; mkdir -p -- "${f1%/*}" 2>&1 && : 2>&1 >"$new"); then
            take "$f3" >/dev/null
            item_failed "$i" "cannot write beside it: $message"
            continue
        fi
        if ! take "$f3" >"$new"; then
            item_failed "$i" "cannot write its content; is the disk full?"
            rm -f -- "$new"
            continue
        fi
        sum=$(sha256sum <"$new")
        if [ "${sum%% *}" != "$f4" ]; then
            item_failed "$i" "its content did not arrive whole; is the disk full?"
            rm -f -- "$new"
            continue
        fi
    fi
    if ! message=$(chown -- root:root "$new" 2>&1 && chmod -- "$f2" "$new" 2>&1); then
        item_failed "$i" "$message"
        [ "$new" = "$f1" ] || rm -f -- "$new"
        continue
    fi
    [ "$new" != "$f1" ] || continue
    sync -- "$new" 2>/dev/null || sync
    if ! message=$(mv -f -T -- "$new" "$f1" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
    fi
done
