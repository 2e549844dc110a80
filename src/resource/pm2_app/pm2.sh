# The PM2 of a user. What stands in single quotes is for that user's shell; it finds $search (the PATH).
# pm2 runs with a small environment, because an app gets all of it; and never by itself where that would start the daemon.
# shellcheck disable=SC2016
pm2_text='
PM2_HOME=$HOME/.pm2
pm2() {
    env -i PATH="$search" HOME="$HOME" USER="$(id -un)" LOGNAME="$(id -un)" SHELL=/bin/sh LANG=C.UTF-8 \
        PM2_HOME="$PM2_HOME" PM2_DISCRETE_MODE=true pm2 "$@"
}
is_alive() {
    pid=
    [ -r "$PM2_HOME/pm2.pid" ] || return
    IFS= read -r pid <"$PM2_HOME/pm2.pid"
    [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return
    case $(tr "\000" " " <"/proc/$pid/cmdline") in *"God Daemon ($PM2_HOME)"*) return 0 ;; esac
    return 1
}
'

# unit USER HOME: sets $unit to the text of the unit that starts the user's apps with the host, and $unit_file to its path.
unit() {
    program=$(command -v pm2)
    unit_file=/etc/systemd/system/pm2-$1.service
    unit="# Starts the apps that PM2 keeps for $1. Written by infra.
[Unit]
Description=PM2 of $1
After=network-online.target
Wants=network-online.target

[Service]
Type=forking
User=$1
LimitNOFILE=infinity
Environment=PATH=$PATH
Environment=HOME=$2
Environment=PM2_HOME=$2/.pm2
Environment=LANG=C.UTF-8
PIDFile=$2/.pm2/pm2.pid
Restart=on-failure
ExecStart=$program resurrect
ExecReload=$program reload all
ExecStop=$program kill

[Install]
WantedBy=multi-user.target
"
}

# unit_is_right: true where the unit is as it should be and enabled.
unit_is_right() {
    [ -L "/etc/systemd/system/multi-user.target.wants/${unit_file##*/}" ] && [ -r "$unit_file" ] || return
    there=
    while IFS= read -r line; do
        there=$there$line$NL
    done <"$unit_file"
    [ "$there" = "$unit" ]
}
