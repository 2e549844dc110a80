# The form is characters, hex or base64, the alphabet for tr; the note is where to note what is replaced.
# A line that has a value stays, unless it is noted; one without a value is a place for one.
columns path key form size alphabet note
know_paths

make() {
    hold_followed "$path" || return
    have='' old=
    if [ -n "$held" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in "$key="*) have=1 old=${line#*=} ;; esac
        done <"$held"
    fi
    [ -z "$old" ] || [ -n "$note" ] || return 0
    why="no value could be made from /dev/urandom"
    new_value "$form" "$size" "$alphabet" || return
    if [ -n "$note" ] && [ -n "$old" ] && ! note_previous "$note" "$old"; then
        why="cannot note what is replaced in ${note%/*}: $why"
        return 1
    fi
    # Line by line, for the last one may lack its newline.
    copied=1
    if ! start_file "$path"; then
        :
    elif said=$({
        if [ -n "$held" ]; then
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in "$key="*) line=$key=$value ;; esac
                printf '%s\n' "$line" || copied=
            done <"$held"
        fi
        [ -n "$have" ] || printf '%s=%s\n' "$key" "$value" || copied=
        [ -n "$copied" ]
    } 2>&1 >"$new"); then
        put_in_place "$path" "$held"
    else
        wrong="cannot write $path: $said"
    fi
    why=$wrong
    [ -z "$wrong" ]
}

i=0
for row in $ROWS; do
    read_row "$row"
    make || item_failed "$i" "$why"
    i=$((i + 1))
done
