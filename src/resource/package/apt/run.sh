# Nothing may ask: not debconf, not dpkg about a changed configuration file, not ucf, needrestart or apt-listchanges.
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none

# How long another program may hold the package database, in seconds.
apt_patience=600

# apt_run COMMAND…: runs it, again and again while another program holds the package database. Its output is shown as it
# comes; errors and warnings stay in $apt_said. Returns the command's status.
apt_run() {
    apt_deadline=$(($(date +%s) + apt_patience))
    while :; do
        {
            apt_said=$(
                {
                    "$@" </dev/null 2>&1
                    printf 'apt_run: %s\n' "$?"
                } | while IFS= read -r line; do
                    case $line in
                        'apt_run: '*) printf '%s\n' "$line" && continue ;;
                        [EW]:* | Err:* | dpkg:* | Package* | The* | Errors* | ' '*) printf '%s\n' "$line" ;;
                    esac
                    printf '%s\n' "$line" >&4
                done
            )
        } 4>&1
        apt_status=${apt_said##*apt_run: }
        apt_said=${apt_said%apt_run: *}
        case $apt_said in
            *'Could not get lock'* | *'Unable to lock'* | *'lock was locked by another process'* | *'unable to access the dpkg database'*) ;;
            *) break ;;
        esac
        if [ "$(id -u)" != 0 ] || [ "$(date +%s)" -ge "$apt_deadline" ]; then
            break
        fi
        echo "another program holds the package database; waiting for it"
        sleep 3
    done
    return "$apt_status"
}

# apt_get ARGUMENT…: one apt-get that never asks. A configuration file that was edited stays, any other is replaced.
apt_get() {
    apt_run apt-get --quiet --yes -o DPkg::Lock::Timeout=60 -o Dpkg::Use-Pty=0 -o APT::Color=0 \
        -o APT::Get::AutomaticRemove=false -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# Finishes what an interrupted dpkg left, or else apt refuses to work.
apt_recover() {
    set +f
    set -- /var/lib/dpkg/updates/[0-9]*
    set -f
    if [ -e "$1" ] || [ -n "$(dpkg --audit 2>&1)" ]; then
        echo "finishing what an interrupted dpkg has left"
        apt_run dpkg --force-confdef --force-confold --configure -a
    fi
}

# Reads the lists of packages; a repository that does not answer is told, and the others count.
apt_update() {
    apt_updated=1
    apt_get update
    apt_update_said=$apt_said
    # When lists were read is told by their folder: the files in it have the time of the server.
    [ -n "$apt_said" ] || touch /var/lib/apt/lists
}

# True where the lists are missing, older than a day, or older than the sources they come from.
apt_is_stale() {
    case $(find /var/lib/apt/lists -maxdepth 1 -type f -name '*_*' 2>/dev/null) in '') return 0 ;; esac
    [ -z "$(find /var/lib/apt/lists -maxdepth 0 -mmin -1440)" ] && return 0
    [ -n "$(find /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/keyrings -newer /var/lib/apt/lists 2>/dev/null)" ]
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

# apt_why PACKAGE: sets $why to what apt said about it: dpkg's reason, or else all errors.
apt_why() {
    why='' general='' about=''
    for line in $apt_said; do
        case $line in
            'dpkg: error processing '*[\ /]"${1%%:*}"[\ :_]*)
                about=1
                why=${line#dpkg: error processing }
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
    why=${why:-${general:-apt-get ended with status $apt_status}}
}

# apt_blame: fails every row that is not as it should be after all, but those in $blamed, which failed already.
apt_blame() {
    package_states || return
    for line in $states; do
        split_row "$line"
        index=$f1 state=$f2 match=$f3 version=$f4
        is_blamed "$index" && continue
        row_at "$index"
        if [ -n "$f3" ]; then
            [ "$state" != absent ] || continue
            apt_why "$f1"
        else
            [ "$state$match" != installedmatches ] || continue
            apt_why "$f1"
            [ "$state" != installed ] || why="it stays at version $version: $why"
        fi
        item_failed "$index" "$why"
    done
}

# is_blamed INDEX: true where the row needs no more looking at.
is_blamed() {
    case " $blamed " in *" $1 "*) return 0 ;; esac
    return 1
}

# row_at INDEX: splits the row with this index.
row_at() {
    row_index=$1
    set -- $ROWS
    shift "$row_index"
    split_row "$1"
}
