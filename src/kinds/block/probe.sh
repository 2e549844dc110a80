# First and last are the markers; absent may be the file too; the text are the lines in between, without the CR that ends lines of the
# file, if its first has one.
# Record: "absent"
# Record: "denied"
# Record: "damaged", line, why
# Record: "present", text
# One awk, however many rows. In a field, newline, FS and US are two characters, as everywhere.
columns path first last
block_rows=$(
    i=0
    for row in $ROWS; do
        read_row "$row"
        if path_state "$path" && [ -f "$path" ] && [ -r "$path" ]; then
            printf '%s\n' "$row$i"
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
printf '%s\n' "$block_rows" | awk -F "$US" $awk_columns -v OFS="$US" -v r="$R" -v esc="$FS" -v us="$US" '
    substr($0, 1, length(r)) == r || $0 == "" { next }
    {
        # The index stands behind the row.
        index_of = $NF; file = $path; begin = $first; end = $last
        number = 0; begun = 0; ended = 0; text = ""; damage = ""; damaged_at = 0
        while (damage == "" && (getline line < file) > 0) {
            number++
            bare = line
            sub(/\r$/, "", bare)
            if (number == 1) has_cr = bare != line
            if (has_cr) line = bare
            if (bare == begin) {
                if (begun) { damage = "the first marker is there twice"; damaged_at = number }
                begun = number
            } else if (bare == end) {
                if (!begun || ended) { damage = "the last marker has no first one before it"; damaged_at = number }
                ended = number
            } else if (begun && !ended) {
                gsub(esc, esc "f", line)
                gsub(us, esc "u", line)
                text = text line esc "n"
            }
        }
        close(file)
        if (damage == "" && begun && !ended) { damage = "the first marker has no last one after it"; damaged_at = begun }
        if (damage != "") print r, index_of, "damaged", damaged_at, damage
        else if (begun) print r, index_of, "present", text
        else print r, index_of, "absent"
    }'
