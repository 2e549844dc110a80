# Unpacked in a folder of their own, logrotate reads the new files with all others before they go live.
[ -d /etc/logrotate.d ] || mkdir -p -- /etc/logrotate.d || exit
stage_files
give chown
give chmod
judge() {
    staged='' replaced=$NL
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        split_row "$row"
        case $refused in *":$i:"*) continue ;; esac
        [ -n "$f5" ] || continue
        staged=$staged$f5$NL replaced=$replaced$f1$NL
    done
    [ -n "$staged" ] || return 0
    set +f
    others=$(for other in /etc/logrotate.d/*; do
        case $replaced in *"$NL$other$NL"*) continue ;; esac
        [ ! -f "$other" ] || printf '%s\n' "$other"
    done)
    set -f
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
place_files
