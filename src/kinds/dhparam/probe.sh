# Row: path. Record: "absent", "denied", or type, owner, group, mode; for a file also the bits of its parameters (none where it
# holds none, "no-openssl" where nobody can tell), and their name in RFC 7919 where they have one. An openssl for each file.
scan_paths
i=-1
for line in $scanned; do
    split_row "$line"
    i=$((i + 1))
    type=$f2 owner=$f3 group=$f4 mode=$f5 path=$f8
    if [ "$type" != file ]; then
        emit "$i" "$type" "$owner" "$group" "$mode"
    elif ! [ -r "$path" ]; then
        emit "$i" denied
    elif ! command -v openssl >/dev/null; then
        emit "$i" file "$owner" "$group" "$mode" no-openssl
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
