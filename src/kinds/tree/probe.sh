# The listing is "list" where what else is below the folder matters, or "gone" where all of it should go; the limit is the largest content
# fetched, in bytes. More are four fields for each thing wanted, the folder itself first: type (directory, file, symlink), mode, want
# (SHA-256 or the link's target), path below the folder.
# Unreadable is a folder with a newline in a name below it. The first record is followed by one for each thing that is not as wanted
# (with "gone": that is there), by its number, with a state (absent, denied) or all that is seen of it; by the content of the first files
# with another one; and with "list" and "gone" by everything that is not wanted.
# Record: "absent"
# Record: "denied"
# Record: "unreadable"
# Record: "same"
# Record: "differs"
# Record: "item", number, state
# Record: "item", number, type, owner, group, mode, size, hash, target
# Record: "content", number, base64
# Record: "more", path
# A constant number of processes, however many folders and files, and one base64 for each content fetched.
columns folder wanted_owner wanted_group listing limit more
[ -n "$ROWS" ] || return 0

# One line for each thing wanted: row, number, type, mode, hash or target, path.
wanted=$(
    row_columns=$awk_columns
    columns type mode want path
    printf '%s\n' "$ROWS" | awk -F "$US" $row_columns $awk_columns -v OFS="$US" '
        function of(column) { return $(i + column - 1) }
        {
            for (i = more; i + path - 1 <= NF; i += path)
                print NR - 1, (i - more) / path, of(type), of(mode), of(want), of(path) == "" ? $folder : $folder "/" of(path)
        }
    '
)
# The paths that are there; a unit separator stands in front of one that cannot be told.
there=$(
    for line in $wanted; do
        path=${line##*"$US"}
        if path_state "$path"; then
            printf '%s\n' "$path"
        elif [ "$path_state" = denied ]; then
            printf '%s\n' "$US$path"
        fi
    done
)
# A link's target is only in the quoted name; GNU stat quotes it as this says, busybox in its own way.
QUOTING_STYLE=literal
export QUOTING_STYLE
stats=$(
    printf '%s\n' "$there" | sed "/^$US/d; /^\$/d" | tr '\n' '\0' |
        xargs -0 -r stat -c "%f$US%u$US%g$US%a$US%s$US%n$US%N" --
)
# Only what is a file and should be one is read.
sums=$(
    printf '%s\n' "$stats" "$R" "$wanted" | awk -F "$US" -v next_part="$R" '
        $0 == next_part { part = 1; next }
        !part { if ($1 ~ /^8/) file[$6] = 1; next }
        $3 == "file" && $6 in file { print $6 }
    ' | tr '\n' '\0' | xargs -0 -r sha256sum --
)
found=$(
    set --
    for row in $ROWS; do
        read_row "$row"
        [ -z "$listing" ] || [ ! -d "$folder" ] || [ -L "$folder" ] || set -- "$@" "$folder"
    done
    [ "$#" = 0 ] || find "$@" -mindepth 1
)
records=$(
    printf '%s\n' "$ROWS" "$R" "$there" "$R" "$stats" "$R" "$sums" "$R" "$found" "$R" "$wanted" |
        awk -F "$US" $awk_columns -v OFS="$US" -v r="$R" "$awk_names"'
            function pointed(path, quoted) {
                if (substr(quoted, length(path) + 1, 4) == " -> ") return substr(quoted, length(path) + 5)
                quoted = substr(quoted, length(path) + 8)
                return substr(quoted, 1, length(quoted) - 1)
            }
            BEGIN { rows = finds = 0 }
            $0 == r { part++; next }
            $0 == "" { next }
            part == 0 {
                root[rows] = $folder; owner[rows] = $wanted_owner; group[rows] = $wanted_group
                flag[rows] = $listing; most[rows] = $limit
                rows++
                next
            }
            part == 1 { if ($1 == "") denied[$2] = 1; next }
            part == 2 {
                type[$6] = $1 ~ /^8/ ? "file" : $1 ~ /^4/ ? "directory" : $1 ~ /^a/ ? "symlink" : "other"
                owner_of[$6] = user_name($2); group_of[$6] = group_name($3); mode_of[$6] = sprintf("%04d", $4); size_of[$6] = $5
                if (type[$6] == "symlink") target_of[$6] = pointed($6, $7)
                next
            }
            part == 3 {
                # GNU sha256sum marks a line with a backslash where the name has one, and doubles that.
                escaped = sub(/^\\/, "")
                path = substr($0, 67)
                if (escaped) gsub(/\\\\/, "\\", path)
                sum_of[path] = substr($0, 1, 64)
                next
            }
            part == 4 { found[++finds] = $0; next }
            {
                row = $1; number = $2; path = $6
                asked[path] = 1
                if (path in denied) state = "denied"
                else if (!(path in type)) state = "absent"
                else state = type[path]
                if (number == 0 && (state == "absent" || state == "denied")) whole[row] = state
                if (flag[row] == "gone") {
                    if (state != "absent") tell(row, number, path, state)
                    next
                }
                if (state == $3 &&
                    (owner[row] == "" || owner_of[path] == owner[row]) &&
                    (group[row] == "" || group_of[path] == group[row]) &&
                    (state == "symlink" || mode_of[path] == $4) &&
                    (state != "file" || sum_of[path] == $5) &&
                    (state != "symlink" || target_of[path] == $5)) next
                tell(row, number, path, state)
                if (state == "file" && $3 == "file" && sum_of[path] != $5 && size_of[path] + 0 <= most[row] + 0 && fetched[row]++ < 20)
                    out[row] = out[row] row US number US path "\n"
            }
            function tell(row, number, path, state) {
                if (state != "absent" && state != "denied")
                    state = state US owner_of[path] US group_of[path] US mode_of[path] US size_of[path] US sum_of[path] US target_of[path]
                out[row] = out[row] r US row US "item" US number US state "\n"
            }
            END {
                for (i = 1; i <= finds; i++) {
                    seen = 0
                    for (row = 0; row < rows; row++) {
                        if (flag[row] == "" || index(found[i], root[row] "/") != 1) continue
                        seen = 1
                        if (!(found[i] in asked))
                            out[row] = out[row] r US row US "more" US substr(found[i], length(root[row]) + 2) "\n"
                    }
                    if (!seen) strange = 1
                }
                for (row = 0; row < rows; row++) {
                    if (row in whole) { print r, row, whole[row]; continue }
                    if (strange && flag[row] != "") { print r, row, "unreadable"; continue }
                    print r, row, out[row] == "" && flag[row] != "gone" ? "same" : "differs"
                    printf "%s", out[row]
                }
            }
        ' US="$US"
)
for record in $records; do
    case $record in
        "$R"*) printf '%s\n' "$record" ;;
        *)
            index=${record%%"$US"*}
            record=${record#*"$US"}
            printf '%s' "$R$US$index${US}content$US${record%%"$US"*}$US"
            base64 <"${record#*"$US"}" | tr -d '\n'
            printf '\n'
            ;;
    esac
done
