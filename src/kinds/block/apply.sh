# First and last are the markers, the size is that of the lines on standard input ("-" to take the block away), the position start or
# end; create is 1 to make a missing file; then come what `accepts` needs, which is defined before. The file is written in the stage,
# with its owner and mode, and renamed; lines end as the first one of the file does. It is made here, of what it is at this moment:
# the rest of the file is not known where the spec is, and several blocks may be in one.
columns path first last size position create validate base
know_paths

# find_file: sets $held to what can be read of the file, $new to a copy of it, and $path to where a link leads; says in $wrong why it
# cannot be written.
find_file() {
    wrong='' held=''
    # A link stays one; what it points to is rewritten.
    if ! hold_followed "$path"; then
        wrong=$why
        return
    fi
    path=$followed
    if [ -z "$held" ] && [ -z "$create" ]; then
        wrong="$path does not exist; make it first, or set create: true"
    elif ! ready_file "$path"; then
        wrong="cannot write beside it: $why"
    elif [ -z "$held" ]; then
        held=/dev/null
        wrong=$(: 2>&1 >"$new")
    else
        wrong=$(cp -p -- "$held" "$new" 2>&1)
    fi
}

# rewrite: writes the file anew, with the block or without.
rewrite() {
    # Arguments of awk lose backslashes, so what may hold them comes through the environment.
    FIRST=$first LAST=$last LINES=$lines awk -v keep="$size" -v position="$position" '
        function put() {
            if (keep == "-") return
            count = 0
            while ((getline line < ENVIRON["LINES"]) > 0) {
                if (!NR && !count && line ~ /\r$/) cr = "\r"
                sub(/\r$/, "", line)
                lines[++count] = line
            }
            close(ENVIRON["LINES"])
            print ENVIRON["FIRST"] cr
            for (k = 1; k <= count; k++) print lines[k] cr
            print ENVIRON["LAST"] cr
        }
        { bare = $0; sub(/\r$/, "", bare); text[NR] = $0 }
        NR == 1 && bare != $0 { cr = "\r" }
        bare == ENVIRON["FIRST"] { begun = NR }
        bare == ENVIRON["LAST"] { ended = NR }
        END {
            if ((begun && !ended) || ended < begun) exit 3
            if (!begun && position == "start") put()
            for (at = 1; at <= NR; at++) {
                if (at == begun) put()
                if (!(begun && at >= begun && at <= ended)) print text[at]
            }
            if (!begun && position == "end") put()
        }' "$held" >"$new"
}

i=0
for row in $ROWS; do
    read_row "$row"
    decode "$first" && first=$decoded
    decode "$last" && last=$decoded
    index=$i
    i=$((i + 1))
    if [ "$size" = - ] && ! path_state "$path"; then continue; fi
    new=
    find_file
    lines=$new.lines
    # The input is read whatever is wrong.
    if [ "$size" != - ] && [ -n "$wrong" ]; then
        take "$size" >/dev/null
    elif [ "$size" != - ]; then
        receive "$size" "$lines" || wrong=$why
    fi
    if [ -n "$wrong" ]; then
        item_failed "$index" "$wrong"
    elif ! message=$(rewrite 2>&1); then
        item_failed "$index" "$path could not be rewritten; are its markers damaged? $message"
    elif (cd / && accepts "$index" "$new" "$path" "$validate" "$base"); then
        sync -- "$new" 2>/dev/null || sync
        put_at "$new" "$path" || item_failed "$index" "$why"
    fi
    leave
done
