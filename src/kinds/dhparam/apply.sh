# Row: path, "keep", "generate" or the name of a group, bits, owner:group, mode. Written beside its place and renamed.
make() {
    rm -f -- "$new" || return
    case $f2 in
        generate) openssl dhparam -out "$new" "$f3" 2>"$new.log" ;;
        *) openssl genpkey -genparam -algorithm DH -pkeyopt "group:$f2" -out "$new" 2>"$new.log" ;;
    esac || {
        tail -n 3 "$new.log"
        return 1
    }
    chown -- "$f4" "$new" && chmod "$f5" "$new" && sync && mv -f -T -- "$new" "$f1"
}
at_exit='rm -f -- "$new" "$new.log"'
trap 'exit 143' HUP INT PIPE TERM
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) new=${f1%/*}/.infra-$$.tmp
    if [ "$f2" = keep ]; then
        message=$(chown -- "$f4" "$f1" 2>&1 && chmod "$f5" "$f1" 2>&1)
    else
        message=$(mkdir -p -- "${f1%/*}" 2>&1 && make 2>&1 </dev/null)
    fi || item_failed "$i" "$message"
    rm -f -- "$new" "$new.log"
done
