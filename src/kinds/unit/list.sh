# Row: as for all files that are written whole, with one more field: 1 where warnings are fine.
# What systemd has to read anew is on a list until it has.
unit_list=/run/infra-daemon-reload
list_units() {
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        if [ -z "$staged" ] && [ -n "$mode" ]; then continue; fi
        printf '%s\n' "$path" >>"$unit_list" || exit
    done
}
columns path owner group mode staged size lenient
