# Finishes what an interrupted dpkg left, or else apt refuses to work.
apt_recover() {
    set +f
    set -- /var/lib/dpkg/updates/[0-9]*
    set -f
    if [ -e "$1" ] || [ -n "$(dpkg --audit 2>&1)" ]; then
        echo "finishing what an interrupted dpkg has left"
        apt_run dpkg --force-confdef --force-confold --configure -a
        # What was unpacked lacks what it depends on: that is fetched, unless something would have to go for it.
        if [ "$apt_status" != 0 ] && apt_removals --fix-broken install && [ -z "$removals" ]; then
            apt_get --fix-broken install
        fi
    fi
}

# Reads the lists of packages; a repository that does not answer is told, and the others count.
apt_update() {
    apt_updated=1
    apt_get update
    apt_update_said=$(
        for line in $apt_said; do
            case $line in [EW]:*) printf '%s; ' "${line#?: }" ;; esac
        done
    )
    apt_update_said=${apt_update_said%; }
    case $apt_update_said in
        *'Not live until'* | *'is not valid yet'* | *'is expired'*)
            apt_update_said="is the host's clock right? It says $(date -u '+%Y-%m-%d %H:%M') UTC; $apt_update_said"
            ;;
    esac
    # When lists were read is told by their folder: the files in it have the time of the server.
    [ -n "$apt_said" ] || touch /var/lib/apt/lists
}

# apt_removals ARGUMENT…: sets $removals to the packages that apt-get would remove, one a line; fails where it would
# fail, with its errors in $apt_said.
apt_removals() {
    removals=$(apt-get --simulate --quiet --yes -o APT::Get::AutomaticRemove=false "$@" </dev/null 2>&1)
    apt_status=$?
    apt_said=$removals
    removals=$(printf '%s\n' "$removals" | awk '/^(Remv|Purg) / { print $2 }')
    return "$apt_status"
}

# apt_why PACKAGE: sets $why to what apt said about it: dpkg's reason, or else dpkg's about the package that it stopped at, or
# else all errors.
apt_why() {
    why='' other='' general='' about=''
    for line in $apt_said; do
        case $line in
            'dpkg: error processing '*[\ /]"${1%%:*}"[\ :_]*)
                about=1
                why=${line#dpkg: error processing }
                ;;
            'dpkg: error processing '*)
                about=
                if [ -z "$other" ]; then
                    about=3
                    other=${line#dpkg: error processing }
                fi
                ;;
            'Package '*' is a virtual package provided by:')
                about=1
                why='it is virtual, and several packages provide it; name one of them:'
                ;;
            'The following packages have unmet dependencies:') about=2 general="$general${general:+ }Unmet:" ;;
            ' '*)
                line=${line#"${line%%[! ]*}"}
                case $about in
                    1) why="$why $line" ;;
                    3) other="$other $line" ;;
                    2) general="$general $line;" ;;
                esac
                ;;
            E:*)
                about=
                general="$general${general:+ }${line#E: }"
                ;;
            *) about= ;;
        esac
    done
    why=${why:-${other:+dpkg stopped at }${other:-${general:-apt-get ended with status $apt_status}}}
}

# apt_blame: fails every row that is not as it should be after all, but those in $blamed, which failed already.
apt_blame() {
    package_states || return
    for line in $states; do
        read_state "$line"
        is_blamed "$at" && continue
        row_at "$at"
        if [ -n "$goes" ]; then
            [ "$state" != absent ] || continue
            apt_why "$package"
        else
            [ "$state$compared" != installedmatches ] || continue
            apt_why "$package"
            [ "$state" != installed ] || why="it stays at version $version: $why"
        fi
        item_failed "$at" "$why"
    done
}

# is_blamed INDEX: true where the row needs no more looking at.
is_blamed() {
    case " $blamed " in *" $1 "*) return 0 ;; esac
    return 1
}

# apt_blame_row INDEX MESSAGE: fails a row; the transaction goes on without it.
apt_blame_row() {
    item_failed "$1" "$2"
    blamed="$blamed $1"
}

# row_at INDEX: reads the row with this index.
row_at() {
    row_index=$1
    set -- $ROWS
    shift "$row_index"
    read_row "$1"
}
