# What ledgers of the host hold once resources have left the spec: of these themselves, and all that other specs own. Local is kind:name,
# ledger the file that is the spec's. An identity is JSON, or "" where none is kept.
# Record: "own", identity
# Record: "other", ledger, local, identity
# Record: "unreadable", ledger
columns ledger local

set +f
read_row "${ROWS%%"$NL"*}"
files=
for file in "$state_folder"/ledger/*; do
    if [ -f "$file" ] && [ -s "$file" ]; then
        files=$files$file$NL
    elif [ "${file##*/}" != "$ledger" ] && [ -e "$file" ]; then
        emit 0 unreadable "${file##*/}"
    fi
done
set -f
printf '%s\n' "$ROWS" | awk -v US="$US" -v R="$R" '
    function close_file() {
        if (file != "" && file != own && !whole) print R US 0 US "unreadable" US file
    }
    BEGIN { FS = US }
    FILENAME == "-" { row[$2] = FNR - 1; own = $1; next }
    FNR == 1 {
        close_file()
        file = FILENAME
        sub(/.*\//, "", file)
        known = $1 == "infra-ledger" && $2 == 1
        whole = 0
        next
    }
    $1 == "end" { whole = known && $2 == FNR - 2; next }
    NF < 7 || $1 !~ /:/ { next }
    file == own { if ($1 in row) print R US row[$1] US "own" US $8; next }
    { print R US 0 US "other" US file US $1 US $8 }
    END { close_file() }' - $files
