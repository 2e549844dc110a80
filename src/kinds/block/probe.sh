# Row: path, first marker, last marker.
# Record: "absent" (the file too), "denied", "damaged" with a line and why, or "present" with the lines in between.
# One awk, however many rows. In a field, newline, FS and US are two characters, as everywhere.
block_rows=$(
    i=0
    for row in $ROWS; do
        path=${row%%"$US"*}
        if path_state "$path" && [ -f "$path" ] && [ -r "$path" ]; then
            printf '%s\n' "$i$US$row"
        elif [ "$path_state" = absent ]; then
            emit "$i" absent
        else
            emit "$i" denied
        fi
        i=$((i + 1))
    done
)
for row in $block_rows; do
    case $row in "$R"*) printf '%s\n' "$row" ;; esac
done
printf '%s\n' "$block_rows" | awk -F "$US" -v OFS="$US" -v r="$R" -v esc="$FS" -v us="$US" '
    substr($0, 1, length(r)) == r || $0 == "" { next }
    {
        index_of = $1; path = $2; first = $3; last = $4
        number = 0; begun = 0; ended = 0; text = ""; damage = ""; damaged_at = 0
        while (damage == "" && (getline line < path) > 0) {
            number++
            bare = line
            sub(/\r$/, "", bare)
            if (bare == first) {
                if (begun) { damage = "the first marker is there twice"; damaged_at = number }
                begun = number
            } else if (bare == last) {
                if (!begun || ended) { damage = "the last marker has no first one before it"; damaged_at = number }
                ended = number
            } else if (begun && !ended) {
                gsub(esc, esc "f", line)
                gsub(us, esc "u", line)
                text = text line esc "n"
            }
        }
        close(path)
        if (damage == "" && begun && !ended) { damage = "the first marker has no last one after it"; damaged_at = begun }
        if (damage != "") print r, index_of, "damaged", damaged_at, damage
        else if (begun) print r, index_of, "present", text
        else print r, index_of, "absent"
    }'
