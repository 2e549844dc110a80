# Row: name.
# Record: no-systemd, denied, absent (dockerd is not there), or present, 1 where it runs, 1 where it starts with the host,
# its file in base64 ("-" where there is none), 1 where the engine has not taken the file yet, running containers, and
# true where they outlive a restart.
look() {
    if ! command -v dockerd >/dev/null; then
        echo absent
        return
    fi
    if ! [ -d /run/systemd/system ]; then
        echo no-systemd
        return
    fi
    running='' enabled='' file=- unapplied='' containers=0 live=false
    state=$(systemctl show --property=ActiveState,UnitFileState docker.service) || return
    for line in $state; do
        case $line in
            ActiveState=active | ActiveState=reloading) running=1 ;;
            UnitFileState=enabled) enabled=1 ;;
        esac
    done
    if path_state /etc/docker/daemon.json; then
        if ! [ -r /etc/docker/daemon.json ]; then
            echo denied
            return
        fi
        file=$(base64 -w 0 </etc/docker/daemon.json) || return
    elif [ "$path_state" = denied ]; then
        echo denied
        return
    fi
    ! [ -e /etc/docker/.infra-unapplied ] || unapplied=1
    if [ -n "$running" ] && answer=$(docker info --format '{{.ContainersRunning}} {{.LiveRestoreEnabled}}' 2>/dev/null </dev/null); then
        containers=${answer%% *} live=${answer##* }
    fi
    printf '%s\n' present "$running" "$enabled" "$file" "$unapplied" "$containers" "$live"
}
state=$(look && echo .) || return
found=${state%"$NL."}
i=0
for row in $ROWS; do
    # Lines are fields, empty ones too.
    set --
    rest=$found$NL
    while [ -n "$rest" ]; do
        set -- "$@" "${rest%%"$NL"*}"
        rest=${rest#*"$NL"}
    done
    [ -z "$found" ] || emit "$i" "$@"
    i=$((i + 1))
done
