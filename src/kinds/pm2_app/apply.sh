# The verb is start, replace, reload, restart, scale, save or delete; the configuration is JSON; startup is 1 where apps start with the
# host; the limit is in seconds.
columns user name verb config instances startup limit
read_row "$ROWS"
decode "$config" && config=$decoded
search=$PATH self=$(id -un)
owner=${user:-$self}
[ "$user" != "$self" ] || user=

# Waits until all of an application's processes have been online for a while. Says what is wrong where they are not in time,
# or at once where PM2 has given up.
# shellcheck disable=SC2016
settle='
const [name, instances, limit, time] = process.argv.slice(1)
async function settle() {
    for (;;) {
        const these = (await processes()).filter(process => process.name === name)
        const states = these.map(state)
        const is_fine = these.length === Number(instances) && states.every(state => state === "online")
        if (is_fine && these.every(process => age(process) >= time * 1000)) return
        if (states.includes("errored") || process.uptime() > limit) {
            for (const file of new Set(these.map(({ pm2_env: env }) => env.pm_err_log_path))) {
                require("child_process").spawnSync("tail", ["-n", "10", file], { stdio: ["ignore", "inherit", "ignore"] })
            }
            const found = is_fine ? "it has been online for less than " + time + " s" : states.join(", ")
            throw new Error(name + " does not run as it should: " + (found || "it is not there"))
        }
        await after(250)
    }
}
settle().catch(error => {
    console.log(error.message)
    process.exitCode = 1
})
'
# Prints the names of what runs.
list='
processes().then(list => list.forEach(process => console.log(process.name))).catch(error => {
    console.log(error.message)
    process.exitCode = 1
})
'
# shellcheck disable=SC2016
work='
umask 022
cd / && mkdir -p "$PM2_HOME" || exit
trap "rm -f \"\$fifo\"" EXIT

# Says what pm2 said only where it failed, and without its tables.
say() {
    said=$("$@" 2>&1 </dev/null) && return
    status=$?
    printf "%s\n" "$said" | LC_ALL=C grep -v "^ *$(printf "\342\224")"
    echo "pm2 $2 failed with status $status"
    return "$status"
}
# The configuration goes through a pipe that only this user can open; it is on no disk.
with_config() {
    mkfifo -m 600 "$fifo" || return
    printf "%s\n" "$config" >"$fifo" &
    say pm2 "$1" "$fifo" $2
    status=$?
    kill $! 2>/dev/null
    rm -f "$fifo"
    return "$status"
}

# Seconds since the host started.
clock() {
    IFS=" ." read -r seconds rest </proc/uptime
}

is_alive || say pm2 resurrect || exit
clock
began=$seconds
case $verb in
    start) with_config start --update-env || exit ;;
    replace)
        say pm2 delete "$name" || exit
        with_config start --update-env || exit
        ;;
    reload) with_config reload --update-env || exit ;;
    restart) with_config restart --update-env || exit ;;
    scale)
        say pm2 scale "$name" "$instances" || exit
        with_config reload --update-env || exit
        ;;
    delete)
        names=$(asked "$list") || { printf "%s\n" "$names"; exit 1; }
        ! printf "%s\n" "$names" | grep -qxF -e "$name" || say pm2 delete "$name" || exit
        ;;
esac
if [ "$verb" != delete ]; then
    # Two seconds show whether it ends right after its start; where all is slow, as long as PM2 took is needed.
    clock
    time=$((seconds - began))
    [ "$time" -gt 2 ] || time=2
    [ "$time" -lt 15 ] || time=15
    asked "$settle" "$name" "$instances" "$limit" "$time" || exit
fi
# What it keeps holds the environment of every app. The mode of a file that is there stays.
umask 077
for file in "$PM2_HOME/dump.pm2" "$PM2_HOME/dump.pm2.bak"; do
    [ ! -e "$file" ] || chmod 600 "$file" || exit
done
say pm2 save --force || exit
for file in "$PM2_HOME/dump.pm2" "$PM2_HOME/dump.pm2.bak"; do
    [ ! -e "$file" ] || chmod 600 "$file" || exit
done
'

command -v pm2 >/dev/null || {
    echo "pm2 is not on the host: add it to npm_packages"
    exit 1
}
if [ -n "$startup" ]; then
    [ -d /run/systemd/system ] || {
        echo "the host does not run systemd, so nothing starts the apps with it: set startup to false"
        exit 1
    }
    unit "$owner" "$(as_user "$user" 'printf %s "$HOME"')"
fi
if [ -n "$startup" ] && [ "$verb" != delete ]; then
    if ! unit_is_right; then
        know_folders "${unit_file%/*}"
        ready_file "$unit_file" && why=$(printf '%s' "$unit" 2>&1 >"$new") && put_at "$new" "$unit_file" || say_why || exit
        systemctl daemon-reload && systemctl --quiet enable -- "${unit_file##*/}" || exit
    fi
    # What systemd is doing with it ends first: a PM2 that is being stopped may look alive.
    case $(systemctl is-active -- "${unit_file##*/}") in
        activating | deactivating) systemctl start -- "${unit_file##*/}" || exit ;;
    esac
    variables search
    if ! as_user "$user" "$data$pm2_text is_alive"; then
        # Started by systemd, the daemon belongs to no session that ends.
        systemctl reset-failed -- "${unit_file##*/}" 2>/dev/null
        systemctl restart -- "${unit_file##*/}" || exit
    fi
fi
fifo=/tmp/.infra-$run-$$.json
note "$fifo"
variables search name verb config instances limit ask settle list fifo
as_user "$user" "$data$pm2_text$work" || exit
if [ "$verb" = delete ] && [ -n "$startup" ]; then
    variables search ask list
    # Where nothing is left, nothing has to start with the host.
    left=$(as_user "$user" "$data$pm2_text"'! is_alive || asked "$list"') || exit
    if [ -z "$left" ] && [ -e "$unit_file" ]; then
        systemctl --quiet disable --now -- "${unit_file##*/}" || exit
        rm -f -- "$unit_file" && systemctl daemon-reload || exit
        variables search
        as_user "$user" "$data$pm2_text is_alive && pm2 kill >/dev/null 2>&1; :"
    fi
fi
