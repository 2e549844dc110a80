# The form is characters, hex or base64, the alphabet for tr; the note is where to note what is replaced.
# A line that has a value stays, unless it is noted; one without a value is a place for one.
columns path key form size alphabet note
i=0
for row in $ROWS; do
    read_row "$row"
    index=$i
    i=$((i + 1))
    have='' old=
    if [ -f "$path" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in "$key="*) have=1 old=${line#*=} ;; esac
        done <"$path"
    fi
    [ -z "$old" ] || [ -n "$note" ] || continue
    if ! new_value "$form" "$size" "$alphabet"; then
        item_failed "$index" "no value could be made from /dev/urandom"
        continue
    fi
    if [ -n "$note" ] && [ -n "$old" ] && ! message=$(note_previous "$note" "$old" 2>&1); then
        item_failed "$index" "cannot note what is replaced in ${note%/*}: $message"
        continue
    fi
    if ! start_file "$path" "$index"; then
        item_failed "$index" "$wrong"
        continue
    fi
    # Line by line, for the last one may lack its newline.
    copied=1
    if {
        if [ -f "$path" ]; then
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in "$key="*) line=$key=$value ;; esac
                printf '%s\n' "$line" || copied=
            done <"$path"
        fi
        [ -n "$have" ] || printf '%s=%s\n' "$key" "$value" || copied=
        [ -n "$copied" ]
    } >"$new"; then
        put_in_place "$path"
    else
        rm -f -- "$new"
        wrong="cannot write $path; is the disk full?"
    fi
    [ -z "$wrong" ] || item_failed "$index" "$wrong"
done
