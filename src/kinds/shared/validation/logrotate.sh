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
                # From 3.22 on logrotate warns of a word that it does not know, and goes on without that line.
                "warning: $staged:"*" unknown option "*) refuse "$i" "logrotate refuses line ${line#"warning: $staged:"}" ;;
                "error: Ignoring $staged "*) refuse "$i" "logrotate passes over it${line#"error: Ignoring $staged"}" ;;
                *) continue ;;
            esac
            break
        done
        case $refused in *":$i:"*) continue ;; esac
        # This error names the log and not the file that is about it.
        case $said in *'insecure permissions'*) insecure "$i" ;; esac
    done
}

# insecure INDEX: refuses the new file where logrotate would pass over a log of it, because others may write to its folder.
insecure() {
    for line in $(logrotate --debug "$staged" 2>&1 </dev/null); do
        case $line in
            'error: skipping '*'insecure permissions'*)
                line=${line#error: skipping }
                refuse "$1" "logrotate would never rotate ${line%% because*}: others may write to its folder; say with \`su\` as whom to"
                return
                ;;
        esac
    done
}
judge
