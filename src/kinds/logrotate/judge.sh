# Logrotate reads the new files together with all others.
judge() {
    gather /etc/logrotate.d
    [ -n "$coming" ] || return 0
    # Others may have mistakes of their own, and a log that is not there is none: what is said of a new file counts.
    said=$(logrotate --debug $others $coming 2>&1 </dev/null)
    status=$?
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        case $refused in *":$i:"*) continue ;; esac
        [ -n "$staged" ] || continue
        if [ "$status" -gt 1 ]; then
            refuse "$i" "logrotate cannot be asked: $said"
            continue
        fi
        for line in $said; do
            case $line in
                "error: $staged:"*) refuse "$i" "logrotate refuses line ${line#"error: $staged:"}" ;;
                "error: Ignoring $staged "*) refuse "$i" "logrotate passes over it${line#"error: Ignoring $staged"}" ;;
                *) continue ;;
            esac
            break
        done
    done
}
judge
