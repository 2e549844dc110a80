# Row: path, key, form (characters, hex, base64), size, alphabet for tr.
# The value goes from /dev/urandom into the file and is in no argument list; a line that is there already stays.
i=0
for row in $ROWS; do
    split_row "$row"
    path=$f1 key=$f2 form=$f3 size=$f4 alphabet=$f5
    index=$i
    i=$((i + 1))
    have=
    if [ -f "$path" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in "$key="*) have=1 ;; esac
        done <"$path"
    fi
    [ -z "$have" ] || continue
    case $form in
        characters) value=$(tr -dc -- "$alphabet" </dev/urandom 2>/dev/null | head -c "$size") ;;
        hex) value=$(head -c "$size" /dev/urandom | od -An -v -tx1 | tr -d ' \n') ;;
        base64) value=$(head -c "$size" /dev/urandom | base64 | tr -d '\n') ;;
    esac
    if [ -z "$value" ]; then
        item_failed "$index" "no value could be made from /dev/urandom"
        continue
    fi
    new=${path%/*}/.infra-$$-$index.tmp
    if ! message=$(mkdir -p -- "${path%/*}/" 2>&1 && rm -f -- "$new" && umask 077 && set -C && : 2>&1 >"$new"); then
        item_failed "$index" "cannot write beside $path: $message"
        continue
    fi
    # Line by line, for the last one may lack its newline.
    copied=1
    if {
        if [ -f "$path" ]; then
            while IFS= read -r line || [ -n "$line" ]; do
                printf '%s\n' "$line" || copied=
            done <"$path"
        fi
        [ -n "$copied" ] && printf '%s=%s\n' "$key" "$value"
    } >"$new"; then
        sync -- "$new" 2>/dev/null || sync
        mv -f -T -- "$new" "$path" || item_failed "$index" "cannot put $path in place"
    else
        rm -f -- "$new"
        item_failed "$index" "cannot write $path; is the disk full?"
    fi
done
