# Logrotate reads the new files together with all others.
judge() {
    gather /etc/logrotate.d
    [ -n "$staged" ] || return 0
    # Others may have mistakes of their own, and a log that is not there is none: what is said of a new file counts.
    said=$(logrotate --debug $others $staged 2>&1 </dev/null)
    status=$?
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        split_row "$row"
        case $refused in *":$i:"*) continue ;; esac
        [ -n "$f5" ] || continue
        if [ "$status" -gt 1 ]; then
            refuse "$i" "logrotate cannot be asked: $said"
            continue
        fi
        for line in $said; do
            case $line in
                "error: $f5:"*) refuse "$i" "logrotate refuses line ${line#"error: $f5:"}" ;;
                "error: Ignoring $f5 "*) refuse "$i" "logrotate passes over it${line#"error: Ignoring $f5"}" ;;
                *) continue ;;
            esac
            break
        done
    done
}
judge
