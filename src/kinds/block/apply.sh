# First and last are the markers, the size is that of the lines on standard input ("-" to take the block away), the position start or
# end; create is 1 to make a missing file; then come what `accepts` needs, which is defined before. The file is written in the stage,
# with its owner and mode, and renamed; lines end as the first one of the file does. It is made here, of what it is at this moment:
# the rest of the file is not known where the spec is, and several blocks may be in one.
columns path first last size position create validate base
know_paths

# follow PATH: sets $followed to where a link leads, and $whose to the account it is of, where that is neither root nor the one
# that runs this: it may lead to nothing but a file of its own.
follow() {
    followed=$1 whose='' links=0
    while [ -L "$followed" ]; do
        links=$((links + 1))
        if [ "$links" -gt 8 ]; then
            why="$1 is a link that leads to too many others"
            return 1
        fi
        from=${followed%/*}
        from=${from:-/} link=$followed
        if ! is_closed "$from"; then
            stage_for "$from" && enter "$from" || return
            link=$stage/link
            why=$(rm -f -- "$link" && ln -T -- "./${followed##*/}" "$link" 2>&1)
            set -- "$1" $?
            leave
            [ "$2" = 0 ] || return 1
            owner=$(stat -c %u -- "$link")
            [ "$owner" = 0 ] || [ "$owner" = "$uid" ] || whose=$owner whose_link="$followed is a symbolic link of $(stat -c %U -- "$link")"
        fi
        # It may have been exchanged for something else meanwhile.
        target=$(readlink -- "$link") || continue
        case $target in
            /*) followed=$target ;;
            *) followed=${from%/}/$target ;;
        esac
    done
}

# find_file: sets $held to what can be read of the file, $new to a copy of it, and $path to where a link leads; says in $wrong why it
# cannot be written.
find_file() {
    wrong='' held=''
    # A link stays one; what it points to is rewritten.
    if ! follow "$path" || ! hold "$followed"; then
        wrong=$why
        return
    fi
    if [ -n "$whose" ] && { [ -z "$held" ] || [ "$(stat -c %u -- "$held")" != "$whose" ]; }; then
        wrong="$whose_link, who does not own what it leads to: name that file itself"
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
