# Absent is an engine without dockerd. Running is 1 where it runs, enabled where it starts with the host, settings its file in base64
# ("-" where there is none), unapplied 1 where the engine has not taken the file yet; live is true where containers outlive a restart.
# Record: "absent"
# Record: "no-systemd"
# Record: "denied"
# Record: "present", running, enabled, settings, unapplied, containers, live
# columns name

# look: sets $state, and all that is told of an engine that is there.
look() {
    state=absent
    command -v dockerd >/dev/null || return 0
    state=no-systemd
    [ -d /run/systemd/system ] || return 0
    state=denied running='' enabled='' settings=- unapplied='' containers=0 live=false
    properties=$(systemctl show --property=ActiveState,UnitFileState docker.service) || return
    for line in $properties; do
        case $line in
            ActiveState=active | ActiveState=reloading) running=1 ;;
            UnitFileState=enabled) enabled=1 ;;
        esac
    done
    if path_state /etc/docker/daemon.json; then
        [ -r /etc/docker/daemon.json ] || return 0
        settings=$(base64 -w 0 </etc/docker/daemon.json) || return
    elif [ "$path_state" = denied ]; then
        return 0
    fi
    ! [ -e /etc/docker/.infra-unapplied ] || unapplied=1
    if [ -n "$running" ] && answer=$(docker info --format '{{.ContainersRunning}} {{.LiveRestoreEnabled}}' 2>/dev/null </dev/null); then
        containers=${answer%% *} live=${answer##* }
    fi
    state=present
}
look || return
i=0
for row in $ROWS; do
    case $state in
        present) emit "$i" present "$running" "$enabled" "$settings" "$unapplied" "$containers" "$live" ;;
        *) emit "$i" "$state" ;;
    esac
    i=$((i + 1))
done
