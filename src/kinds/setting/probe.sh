# Row: path, largest size read in bytes.
# Record: "absent", "denied", "large", or type, owner, group, mode, SHA-256, base64 of the content, path: a link is
# followed.
# A constant number of processes, and one base64 for each file.
scan_rows=$ROWS
ROWS=$(
    for row in $scan_rows; do
        path=${row%%"$US"*}
        if [ -L "$path" ] && [ -e "$path" ]; then
            path=$(readlink -f -- "$path")
        fi
        printf '%s%s%s\n' "$path" "$US" "${row#*"$US"}"
    done
)
# It is the same for all.
split_row "$ROWS"
most=${f2%%"$NL"*}
scan_paths hash
for line in $scanned; do
    IFS=$US
    set -- $line
    IFS=$NL
    case ${2-} in
        file)
            if [ "$6" -gt "$most" ]; then
                emit "$1" large
                continue
            fi
            printf '%s%s%s%sfile%s%s%s%s%s%s%s%s%s' "$R" "$US" "$1" "$US" "$US" "$3" "$US" "$4" "$US" "$5" "$US" "$7" "$US"
            base64 -w 0 <"$8" 2>/dev/null || base64 <"$8" | tr -d '\n'
            printf '%s\n' "$US$8"
            ;;
        *) emit "$1" "${2-}" ;;
    esac
done
