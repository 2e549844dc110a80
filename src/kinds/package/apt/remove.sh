# Row: package, "", "remove" or "purge" (its configuration too).
apt_remove() {
    blamed=
    apt_recover
    package_states || return
    declared=
    for row in $ROWS; do
        split_row "$row"
        declared="$declared ${f1%%:*}"
    done
    set --
    for line in $states; do
        split_row "$line"
        case $f2 in
            absent | config-files) ;;
            *)
                row_at "$f1"
                set -- "$@" "$f1"
                ;;
        esac
    done
    said=
    if [ $# -gt 0 ]; then
        apt_removals remove "$@"
        going=
        for gone in $removals; do
            case "$declared " in *" ${gone%%:*} "*) ;; *) going="$going $gone" ;; esac
        done
        if [ -n "$going" ]; then
            apt_said="E: it would also remove$going; make these absent too, or keep it"
            apt_blame
            return 0
        fi
        apt_get remove "$@"
        said=$apt_said
    fi
    set --
    for row in $ROWS; do
        split_row "$row"
        [ "$f3" != purge ] || set -- "$@" "$f1"
    done
    if [ $# -gt 0 ]; then
        apt_get purge "$@"
        apt_said=$said$apt_said
    fi
    apt_blame
}
