# How: "keep", "generate" or the name of a group. Owner: with the group. Written beside its place and renamed.
columns path how bits owner mode
make() {
    rm -f -- "$new" || return
    case $how in
        generate) openssl dhparam -out "$new" "$bits" 2>"$new.log" ;;
        *) openssl genpkey -genparam -algorithm DH -pkeyopt "group:$how" -out "$new" 2>"$new.log" ;;
    esac || {
        tail -n 3 "$new.log"
        return 1
    }
    chown -- "$owner" "$new" && chmod "$mode" "$new" && sync && mv -f -T -- "$new" "$path"
}
at_exit='rm -f -- "$new" "$new.log"'
trap 'exit 143' HUP INT PIPE TERM
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1)) new=${path%/*}/.infra-$$.tmp
    if [ "$how" = keep ]; then
        message=$(chown -- "$owner" "$path" 2>&1 && chmod "$mode" "$path" 2>&1)
    else
        message=$(mkdir -p -- "${path%/*}" 2>&1 && make 2>&1 </dev/null)
    fi || item_failed "$i" "$message"
    rm -f -- "$new" "$new.log"
done
