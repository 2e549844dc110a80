# Row: "file" and a path, or a row for query.sh. Record of a file: "absent", "denied", or type, owner, group, mode, size.
# One stat, however many files.
all=$ROWS
ROWS=$(printf '%s\n' "$all" | awk -F "$US" -v OFS="$US" '{ print $1 == "file" ? $2 : "/", "" }')
scan_paths
printf '%s\n\n%s\n' "$all" "$scanned" | awk -F "$US" -v OFS="$US" -v r="$R" '
    $0 == "" { part = 1; next }
    !part { file[NR - 1] = $1 == "file"; next }
    file[$1] { print r, $1, $2, $3, $4, $5, $6 }'
ROWS=$(printf '%s\n' "$all" | awk -F "$US" '{ print $1 == "file" ? "-" : $0 }')
