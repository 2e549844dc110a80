# Row: as in owned_file/write.sh, then the parameter below /proc/sys and the value to set now ("" where it has it). The kernel
# first: what it refuses is not kept for the next start either.
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1))
    case $refused in *":$i:"*) continue ;; esac
    [ -n "$f8" ] || continue
    message=$( (printf '%s\n' "$f8" >"/proc/sys/$f7") 2>&1) && continue
    case $message in
        *Read-only* | *"ermission denied"* | *"cannot create"*)
            refuse "$i" "/proc/sys/$f7 may not be written here: it is read-only, as in a container, or needs root"
            ;;
        *) refuse "$i" "the kernel refuses the value $f8" ;;
    esac
done
