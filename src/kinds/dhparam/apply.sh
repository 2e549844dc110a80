# How: "keep", "generate" or the name of a group. Owner: with the group. Made in the stage and renamed.
columns path how bits owner mode
know_paths

make() {
    case $how in
        generate) openssl dhparam -out "$new" "$bits" 2>"$new.log" ;;
        *) openssl genpkey -genparam -algorithm DH -pkeyopt "group:$how" -out "$new" 2>"$new.log" ;;
    esac || {
        tail -n 3 "$new.log"
        return 1
    }
    chown -- "$owner" "$new" && chmod "$mode" "$new" && sync
}

i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    if [ "$how" = keep ]; then
        hold "$path" && why=$(chown -- "$owner" "$held" 2>&1 && chmod "$mode" "$held" 2>&1)
    else
        ready_file "$path" && why=$(make 2>&1 </dev/null) && put_at "$new" "$path"
    fi || item_failed "$i" "$why"
done
