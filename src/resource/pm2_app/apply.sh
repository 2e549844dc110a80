# Row: user, name, start, replace, reload, restart, scale, save or delete, the configuration as JSON, instances, 1 where
# apps start with the host, seconds to wait.
split_row "$ROWS"
user=$f1 name=$f2 verb=$f3 instances=$f5 startup=$f6 limit=$f7
decode "$f4" && config=$decoded
search=$PATH self=$(id -un)
owner=${user:-$self}
[ "$user" != "$self" ] || user=

# Prints "ready", or what is still wrong; "failed" first where waiting is of no use.
# shellcheck disable=SC2016
judge='
const [name, instances] = process.argv.slice(1)
const list = require("fs").readFileSync(0, "utf8").split("\n").find(line => line.startsWith("[{") || line === "[]")
const found = JSON.parse(list || "[]").filter(process => process.name === name)
const states = found.map(({ pm2_env: env }) => env.status)
const young = found.some(({ pm2_env: env }) => Date.now() - env.pm_uptime < 2000)
if (states.length === Number(instances) && states.every(state => state === "online") && !young) console.log("ready")
else console.log((states.includes("errored") ? "failed" : "wait"), states.join(", ") || "it does not run")
for (const file of new Set(found.map(({ pm2_env: env }) => env.pm_err_log_path))) console.log(file)
'
# shellcheck disable=SC2016
work='
umask 022
cd / && mkdir -p "$PM2_HOME" || exit
fifo=$PM2_HOME/infra-$$.json
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
    rm -f "$fifo" && mkfifo -m 600 "$fifo" || return
    printf "%s\n" "$config" >"$fifo" &
    say pm2 "$1" "$fifo" $2
    status=$?
    kill $! 2>/dev/null
    rm -f "$fifo"
    return "$status"
}

is_alive || say pm2 resurrect || exit
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
        case $(pm2 pid "$name") in "") ;; *) say pm2 delete "$name" || exit ;; esac
        ;;
esac
if [ "$verb" != delete ]; then
    tries=$limit
    while :; do
        state=$(pm2 jlist | node -e "$judge" "$name" "$instances") || exit
        case $state in
            ready*) break ;;
            failed*) tries=0 ;;
        esac
        if [ "$tries" -le 0 ]; then
            printf "%s\n" "$state" | { read -r state
                while IFS= read -r file; do tail -n 10 "$file" 2>/dev/null; done
                echo "$name does not run as it should: ${state#* }"; }
            exit 1
        fi
        tries=$((tries - 1))
        sleep 1
    done
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
        printf '%s' "$unit" >"$unit_file.new" && mv -f -- "$unit_file.new" "$unit_file" &&
            systemctl daemon-reload && systemctl --quiet enable -- "${unit_file##*/}" || exit
    fi
    variables search
    if ! as_user "$user" "$data$pm2_text is_alive"; then
        # Started by systemd, the daemon belongs to no session that ends.
        systemctl reset-failed -- "${unit_file##*/}" 2>/dev/null
        systemctl restart -- "${unit_file##*/}" || exit
    fi
fi
variables search name verb config instances limit judge
as_user "$user" "$data$pm2_text$work" || exit
if [ "$verb" = delete ] && [ -n "$startup" ]; then
    variables search
    # Where nothing is left, nothing has to start with the host.
    left=$(as_user "$user" "$data$pm2_text"'pm2 jlist | grep "^\[{" | head -c 1')
    if [ -z "$left" ] && [ -e "$unit_file" ]; then
        systemctl --quiet disable --now -- "${unit_file##*/}" || exit
        rm -f -- "$unit_file" && systemctl daemon-reload || exit
        variables search
        as_user "$user" "$data$pm2_text is_alive && pm2 kill >/dev/null 2>&1; :"
    fi
fi
