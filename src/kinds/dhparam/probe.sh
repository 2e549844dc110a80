# Of a file the bits of its parameters, none where it holds none, and their name in RFC 7919 where they have one; without
# openssl nobody can tell. An openssl for each file.
# Record: "absent"
# Record: "denied"
# Record: "file", owner, group, mode, bits, named
# Record: "no-openssl", owner, group, mode
# Record: type, owner, group, mode
# columns path
scan_paths
i=-1
for line in $scanned; do
    read_scan "$line"
    i=$((i + 1))
    type=$seen_type owner=$seen_owner group=$seen_group mode=$seen_mode path=$seen_path
    if [ "$type" = absent ] || [ "$type" = denied ]; then
        emit "$i" "$type"
    elif [ "$type" != file ]; then
        emit "$i" "$type" "$owner" "$group" "$mode"
    elif ! [ -r "$path" ]; then
        emit "$i" denied
    elif ! command -v openssl >/dev/null; then
        emit "$i" no-openssl "$owner" "$group" "$mode"
    else
        text=$(openssl dhparam -in "$path" -noout -text 2>/dev/null </dev/null)
        bits='' named=''
        case $text in
            *'('*' bit)'*)
                bits=${text#*'('}
                bits=${bits%%' bit'*}
                ;;
        esac
        case $text in
            *'GROUP: '*)
                named=${text#*'GROUP: '}
                named=${named%%"$NL"*}
                ;;
        esac
        emit "$i" file "$owner" "$group" "$mode" "$bits" "$named"
    fi
done
