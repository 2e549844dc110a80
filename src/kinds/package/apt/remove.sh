# apt_is_kept PACKAGE…: true where apt-get would not remove these, or only with others that no row names; $why says so.
apt_is_kept() {
    if ! apt_removals remove "$@"; then
        apt_why "$1"
        return 0
    fi
    going=
    for gone in $removals; do
        case "$declared " in *" ${gone%%:*} "*) ;; *) going="$going $gone" ;; esac
    done
    why="it would also remove$going; make these absent too, or keep it"
    [ -n "$going" ]
}

# apt_leaving: sets $leaving to the packages that are there and whose rows are not in $blamed, one a line.
apt_leaving() {
    leaving=
    for line in $states; do
        read_state "$line"
        is_blamed "$at" && continue
        case $state in absent | config-files) continue ;; esac
        row_at "$at"
        leaving=$leaving$package$NL
    done
}

# Fails what apt-get keeps: what goes only with something that stays, and then what it keeps of the rest together. What such a
# package needs does not go without it, so that all that is left goes.
apt_blame_kept() {
    apt_leaving
    if [ -z "$leaving" ] || ! apt_is_kept $leaving; then
        return
    fi
    for line in $states; do
        read_state "$line"
        case $state in absent | config-files) continue ;; esac
        row_at "$at"
        ! apt_is_kept "$package" || apt_blame_row "$at" "$why"
    done
    apt_leaving
    if [ -n "$leaving" ] && apt_is_kept $leaving; then
        for line in $states; do
            read_state "$line"
            case $state in absent | config-files) continue ;; esac
            is_blamed "$at" || apt_blame_row "$at" "$why"
        done
        leaving=
    fi
}

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
    apt_blame_kept
    said=
    if [ -n "$leaving" ]; then
        apt_get remove $leaving
        said=$apt_said
    fi
    set --
    i=0
    for row in $ROWS; do
        read_row "$row"
        [ "$goes" != purge ] || is_blamed "$i" || set -- "$@" "$package"
        i=$((i + 1))
    done
    if [ $# -gt 0 ]; then
        apt_get purge "$@"
        apt_said=$said$apt_said
    fi
    apt_blame
}
