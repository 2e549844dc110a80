# Row: the parameter below /proc/sys, the value to set now ("" where it has it), its file, what the file is to hold ("" where
# it does). The kernel first: what it refuses is not kept for the next start either.
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1))
    decode "$f4"
    if [ -n "$f2" ]; then
        if ! message=$( (printf '%s\n' "$f2" >"/proc/sys/$f1") 2>&1); then
            case $message in
                *Read-only* | *"ermission denied"* | *"cannot create"*)
                    item_failed "$i" "/proc/sys/$f1 may not be written here: it is read-only, as in a container, or needs root"
                    ;;
                *) item_failed "$i" "the kernel refuses the value $f2" ;;
            esac
            continue
        fi
    fi
    [ -n "$decoded" ] || continue
    new=${f3%/*}/.infra-$$-$i.tmp
    if ! message=$(mkdir -p -- "${f3%/*}" 2>&1 && (printf '%s' "$decoded" >"$new") 2>&1 && chmod 0644 -- "$new" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
        continue
    fi
    sync -- "$new" 2>/dev/null || sync
    if ! message=$(mv -f -T -- "$new" "$f3" 2>&1); then
        item_failed "$i" "$message"
        rm -f -- "$new"
    fi
done
