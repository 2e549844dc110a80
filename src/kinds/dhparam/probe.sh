# Of a file the bits of its parameters, none where it holds none, and their name in RFC 7919 where they have one; without
# openssl nobody can tell. An openssl for each file.
# Record: "absent"
# Record: "denied"
# Record: "file", owner, group, mode, bits, named
# Record: "no-openssl", owner, group, mode
# Record: type, owner, group, mode
# columns path
scan_paths
columns index type owner group mode size hash path
i=-1
for line in $scanned; do
    read_row "$line"
    i=$((i + 1))
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
