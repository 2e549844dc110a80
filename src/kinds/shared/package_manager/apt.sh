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
