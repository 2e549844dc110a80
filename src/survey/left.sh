# What ledgers of the host hold of resources that are not in the spec any more. Local is kind:name, ledger the file that is the spec's. An identity is JSON.
# Record: "own", identity
# Record: "other", ledger
columns ledger local

set +f
printf '%s\n' "$ROWS" | awk -v US="$US" -v R="$R" '
    BEGIN { FS = US }
    FILENAME == "-" { row[$2] = FNR - 1; own = $1; next }
    !($1 in row) || NF < 7 { next }
    {
        file = FILENAME
        sub(/.*\//, "", file)
        if (file != own) print R US row[$1] US "other" US file
        else if (NF > 7) print R US row[$1] US "own" US $8
    }' - "$state_folder"/ledger/*
set -f
