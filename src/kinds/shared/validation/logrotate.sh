# Logrotate reads the new files together with all others.
judge() {
    gather /etc/logrotate.d
    [ -n "$coming" ] || return 0
    # Others may have mistakes of their own, and a log that is not there is none: what is said of a new file counts.
    said=$(logrotate --debug $others $coming 2>&1 </dev/null)
    status=$?
    each_staged judge_one
}

judge_one() {
    if [ "$status" -gt 1 ]; then
        refuse "$1" "logrotate cannot be asked: $said"
        return
    fi
    for line in $said; do
        case $line in
            "error: $staged:"*) refuse "$1" "logrotate refuses line ${line#"error: $staged:"}" ;;
            # From 3.22 on logrotate warns of a word that it does not know, and goes on without that line.
            "warning: $staged:"*" unknown option "*) refuse "$1" "logrotate refuses line ${line#"warning: $staged:"}" ;;
            "error: Ignoring $staged "*) refuse "$1" "logrotate passes over it${line#"error: Ignoring $staged"}" ;;
            *) continue ;;
        esac
        return
    done
    # This error names the log and not the file that is about it.
    case $said in *'insecure permissions'*) insecure "$1" ;; esac
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
    return 0
}
judge
