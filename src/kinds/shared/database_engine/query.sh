# A row whose engine is "-" is left out. Each statement selects the row's index and then values, which become a record. Where there is
# no client, or it complains, other records say so:
# Record: "missing"
# Record: "error", complaint
# One client for each connection, and two awk, however many rows.
connections=$(printf '%s\n' "$ROWS" | awk -F "$US" $awk_columns -v OFS="$US" '
    NF && $engine != "-" { NF = database; if (!seen[$0]++) print }')
for connection in $connections; do
    read_connection "$connection"
    i=0
    members=$(
        for row in $ROWS; do
            case $row in
                "$connection$US"*)
                    read_connection "$row"
                    printf '%s\n' "$i$TAB$lines"
                    ;;
            esac
            i=$((i + 1))
        done
    )
    if ! command -v "$client" >/dev/null; then
        for member in $members; do
            emit "${member%%"$TAB"*}" missing
        done
        continue
    fi
    choose_password
    {
        printf '%s\n\n' "$members"
        {
            _complaints=$(
                {
                    session_start
                    for row in $ROWS; do
                        case $row in
                            "$connection$US"*)
                                read_connection "$row"
                                printf '%s\n' "$sql"
                                ;;
                        esac
                    done
                } | run_client look 2>&1 >&9 9>&-
            )
            _status=$?
        } 9>&1
        printf '\n!%s\n' "$_status"
        [ -z "$_complaints" ] || printf '%s\n' "$_complaints" | sed 's/^/!/'
    } | awk -F "$TAB" -v OFS="$US" -v r="$R" '
        # Which row each line that the client reads belongs to; the first line is nobody'"'"'s.
        !part && $0 == "" { part = 1; next }
        !part {
            order[rows++] = $1
            for (k = 0; k < $2; k++) owner[1 + ++count] = $1
            next
        }
        $0 == "" { next }
        part == 2 {
            line = substr($0, 2)
            gsub(/[[:cntrl:]]+/, " ", line)
            number = ""
            if (match(line, /^psql:<stdin>:[0-9]+: /)) {
                number = substr(line, 14, RLENGTH - 15)
                line = substr(line, RLENGTH + 1)
            } else if (match(line, /(at|near) line [0-9]+: /)) {
                number = substr(line, RSTART + 8, RLENGTH - 10)
                line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
                sub(/^ */, "", number)
            } else if (line ~ /^(DETAIL|HINT): /) {
                sub(/:  /, ": ", line)
                if (last == "") all = all "; " line
                else if (last in wrong && first_of_it) wrong[last] = wrong[last] "; " line
                next
            } else if (line !~ /^(ERROR [0-9]|psql: |Error: |(mysql|mariadb): |runuser: |sudo: |su: )/) {
                # A statement that is shown again, or where in it a mistake is.
                next
            }
            if (number + 0 > 1) {
                last = owner[number + 0]
                first_of_it = !(last in wrong)
                if (first_of_it) wrong[last] = line
            } else if (all == "") {
                all = line
                last = ""
            }
            next
        }
        /^![0-9]+$/ { part = 2; status = substr($0, 2); next }
        $1 ~ /^[0-9]+$/ { seen[$1] = 1; $1 = $1; print r, $0 }
        END {
            for (k = 0; k < rows; k++) {
                who = order[k]
                if (who in wrong) print r, who, "error", wrong[who]
                else if (!(who in seen)) print r, who, "error", all == "" ? "the client ended with status " status : all
            }
        }'
done
