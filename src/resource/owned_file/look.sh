# Row: path, SHA-256 wanted ("" where none is known), largest size fetched in bytes, then what the kind adds.
# Record: "absent", "denied", or type, owner, group, mode, size, SHA-256. Where a file's hash is not the one wanted, a
# second record: "content", base64.
# A constant number of processes, and one base64 for each content that differs.
scan_paths hash
[ -z "$scanned" ] || owned_files=$(
    printf '%s\n\n%s\n' "$ROWS" "$scanned" | awk -F "$US" -v OFS="$US" -v r="$R" '
        $0 == "" { part = 1; next }
        !part { wanted[NR - 1] = $2; most[NR - 1] = $3; next }
        {
            print r, $1, $2, $3, $4, $5, $6, $7
            if ($2 == "file" && $7 != wanted[$1] && $6 + 0 <= most[$1] + 0) print $1, $8
        }'
)
for record in ${owned_files-}; do
    case $record in
        "$R"*) printf '%s\n' "$record" ;;
        *)
            printf '%s%s%s%scontent%s' "$R" "$US" "${record%%"$US"*}" "$US" "$US"
            base64 -w 0 <"${record#*"$US"}" 2>/dev/null || base64 <"${record#*"$US"}" | tr -d '\n'
            printf '\n'
            ;;
    esac
done
