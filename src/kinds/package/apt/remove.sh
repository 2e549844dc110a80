# Goes is "remove" or "purge" (its configuration too).
columns package pattern goes recommends replaces
apt_remove() {
    blamed=
    apt_recover
    package_states || return
    declared=
    for row in $ROWS; do
        read_row "$row"
        declared="$declared ${package%%:*}"
    done
    set --
    for line in $states; do
        read_state "$line"
        case $state in
            absent | config-files) ;;
            *)
                row_at "$at"
                set -- "$@" "$package"
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
        read_row "$row"
        [ "$goes" != purge ] || set -- "$@" "$package"
    done
    if [ $# -gt 0 ]; then
        apt_get purge "$@"
        apt_said=$said$apt_said
    fi
    apt_blame
}
