# Row: as in owned_file/write.sh, then the parameter below /proc/sys and the value to set now ("" where it has it). The kernel
# first: what it refuses is not kept for the next start either.
columns path owner group mode staged size parameter value
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    case $refused in *":$i:"*) continue ;; esac
    [ -n "$value" ] || continue
    message=$( (printf '%s\n' "$value" >"/proc/sys/$parameter") 2>&1) && continue
    case $message in
        *Read-only* | *"ermission denied"* | *"cannot create"*)
            refuse "$i" "/proc/sys/$parameter may not be written here: it is read-only, as in a container, or needs root"
            ;;
        *) refuse "$i" "the kernel refuses the value $value" ;;
    esac
done
