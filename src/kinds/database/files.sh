# Looks at the files of SQLite; their rows begin with "file", others are for query.sh. One stat, however many files.
# Record: "absent"
# Record: "denied"
# Record: type, owner, group, mode, size
all=$ROWS
ROWS=$(
    columns sort path
    printf '%s\n' "$all" | awk -F "$US" $awk_columns -v OFS="$US" '{ print $sort == "file" ? $path : "/", "" }'
)
scan_paths
printf '%s\n\n%s\n' "$all" "$scanned" | awk -F "$US" -v OFS="$US" -v r="$R" '
    $0 == "" { part = 1; next }
    !part { file[NR - 1] = $1 == "file"; next }
    file[$1] && $3 == "" { print r, $1, $2; next }
    file[$1] { print r, $1, $2, $3, $4, $5, $6 }'
ROWS=$(printf '%s\n' "$all" | awk -F "$US" '{ print $1 == "file" ? "-" : $0 }')
