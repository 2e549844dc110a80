# First and last are the markers, the size is that of the lines on standard input ("-" to take the block away), the position start or
# end; create is 1 to make a missing file; then come what `accepts` needs, which is defined before. The file is written beside
# itself, with its owner and mode, and
# renamed; lines end as the first one of the file does. It is made here, of what it is at this moment: the rest of the file is not known
# where the spec is, and several blocks may be in one.
columns path first last size position create validate base
i=0
for row in $ROWS; do
    read_row "$row"
    decode "$first" && first=$decoded
    decode "$last" && last=$decoded
    index=$i
    i=$((i + 1))
    # A link stays one; what it points to is rewritten.
    [ ! -L "$path" ] || path=$(readlink -f -- "$path")
    lines=${path%/*}/.infra-$$-$index.lines
    new=${path%/*}/.infra-$$-$index.tmp
    if ! [ -e "$path" ]; then
        if [ "$size" = - ]; then
            continue
        elif [ -z "$create" ]; then
            take "$size" >/dev/null
            item_failed "$index" "$path does not exist; make it first, or set create: true"
            continue
        elif ! message=$(: 2>&1 >"$path"); then
            take "$size" >/dev/null
            item_failed "$index" "cannot make $path: $message"
            continue
        fi
    fi
    if ! message=$(umask 077; : 2>&1 >"$lines") || ! message=$(cp -p -- "$path" "$new" 2>&1); then
        [ "$size" = - ] || take "$size" >/dev/null
        item_failed "$index" "cannot write beside it: $message"
        rm -f -- "$lines" "$new"
        continue
    fi
    if [ "$size" != - ] && ! take "$size" >"$lines"; then
        item_failed "$index" "cannot write beside it; is the disk full?"
        rm -f -- "$lines" "$new"
        continue
    fi
    # Arguments of awk lose backslashes, so what may hold them comes through the environment.
    if FIRST=$first LAST=$last LINES=$lines awk -v keep="$size" -v position="$position" '
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
        }' "$path" >"$new"; then
        if accepts "$index" "$new" "$path" "$validate" "$base"; then
            sync -- "$new" 2>/dev/null || sync
            mv -f -T -- "$new" "$path" || item_failed "$index" "cannot put $path in place"
        fi
    else
        item_failed "$index" "$path could not be rewritten; are its markers damaged, or is the disk full?"
    fi
    rm -f -- "$lines" "$new"
done
