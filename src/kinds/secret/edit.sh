# The hash is the SHA-256 as it was seen (empty where it was not there); the form may be nothing; before are the bytes of the step's
# input before the value, after those after it (only in the last row of a path); the note is where to note what is replaced, which is
# the old one.
# The rows of a path follow each other: its new text is the input with values between.
columns path hash form size alphabet before after note old
know_paths
i=0
file=
for row in $ROWS; do
    read_row "$row"
    decode "$old"
    index=$i
    i=$((i + 1))
    if [ "$path" != "$file" ]; then
        file=$path first=$index
        start_file "$path" || :
        started=$new is=$held
    fi
    value=
    if [ -z "$wrong" ] && [ "$form" != nothing ] && ! new_value "$form" "$size" "$alphabet"; then
        wrong="no value could be made from /dev/urandom"
    fi
    if [ -z "$wrong" ] && [ -n "$note" ] && ! note_previous "$note" "$decoded"; then
        wrong="cannot note what is replaced in ${note%/*}: $why"
    fi
    # The input is read whatever is wrong.
    target=$started
    [ -z "$wrong" ] || target=/dev/null
    if ! said=$({
        take "$before"
        printf '%s' "$value" | sed 's/[\\"]/\\&/g' | tr -d '\n'
        [ -z "$after" ] || take "$after"
    } 2>&1 >>"$target"); then
        wrong=${wrong:-"cannot write $path: ${said:-not all of it arrived}"}
    fi
    [ -n "$after" ] || continue
    if [ -z "$wrong" ]; then
        now=
        [ -z "$is" ] || now=$(sha256sum <"$is")
        if [ "${now%% *}" = "$hash" ]; then
            new=$started
            put_in_place "$path" "$is"
        else
            wrong="$path has changed since it was looked at; apply again"
        fi
    fi
    while [ -n "$wrong" ] && [ "$first" -lt "$i" ]; do
        item_failed "$first" "$wrong"
        first=$((first + 1))
    done
done
