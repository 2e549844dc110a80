# The account is a user, "" for the session's own; what is wanted is JSON on one line. Compared is same or differs; boot is 1, or "" where
# the unit that starts the apps is not there; what was found is JSON.
# A few processes for each user, however many apps.
# Record: "no-pm2"
# Record: "no-user"
# Record: "absent"
# Record: "present", compared, boot, json
columns account app

# Reads what is wanted, a line each with its row; writes for each row its index, "absent", "same" or "differs", and what was
# found. Values of environment variables stay here.
compare='
const fs = require("fs"), path = require("path")
const rows = fs.readFileSync(0, "utf8").trimEnd().split("\n").map(line => {
    const at = line.indexOf(" ")
    return { index: line.slice(0, at), wanted: JSON.parse(line.slice(at + 1)) }
})
let dump = [], dumpMode = 0o600
try {
    dump = JSON.parse(fs.readFileSync(path.join(home, "dump.pm2"), "utf8"))
    for (const file of ["dump.pm2", "dump.pm2.bak"]) {
        try {
            dumpMode |= fs.statSync(path.join(home, file)).mode & 0o077
        } catch (error) {
            if (error.code !== "ENOENT") throw error
        }
    }
} catch (error) {
    if (error.code !== "ENOENT" && !(error instanceof SyntaxError)) throw error
}

// What PM2 and a session bring along.
const usual = /^(PATH|HOME|USER|LOGNAME|USERNAME|SHELL|LANG|LANGUAGE|PWD|OLDPWD|SHLVL|TERM|MAIL|_|INVOCATION_ID|JOURNAL_STREAM|MOTD_SHOWN|unique_id|updateEnv|silent|PYTHONUNBUFFERED|NODE_APP_INSTANCE|NODE_CHANNEL_.*|SYSTEMD_.*|MEMORY_PRESSURE_.*|DBUS_.*|LC_.*|PM2_.*|SSH_.*|SUDO_.*|XDG_.*|npm_.*)$/

function view(env, wanted) {
    const options = wanted.options
    // Processes that do not share a log have a number in its name.
    const plain = name => String(name).replace(/-\d+\.log$/, ".log")
    const log = (there, file) => {
        const same = file ? plain(path.resolve(env.pm_cwd, file)) === plain(there) : path.dirname(there) === path.join(home, "logs")
        return same ? file : there
    }
    const isScript = path.resolve(env.pm_cwd, options.script) === env.pm_exec_path ||
        (!options.script.includes("/") && path.basename(env.pm_exec_path) === options.script)
    const or = value => value === undefined || value === "" ? null : value
    const list = value => (value ? [].concat(value).map(String) : [])
    return {
        script: isScript ? options.script : env.pm_exec_path,
        args: list(env.args),
        cwd: env.pm_cwd,
        interpreter: or(env.exec_interpreter),
        interpreter_args: list(env.node_args),
        exec_mode: String(env.exec_mode).replace("_mode", ""),
        max_memory_restart: or(env.max_memory_restart),
        cron_restart: or(env.cron_restart),
        out_file: log(env.pm_out_log_path, options.out_file),
        error_file: log(env.pm_err_log_path, options.error_file),
        log_date_format: or(env.log_date_format),
        merge_logs: !!env.merge_logs,
        kill_timeout: or(env.kill_timeout),
        wait_ready: !!env.wait_ready,
        listen_timeout: or(env.listen_timeout),
        autorestart: env.autorestart !== false,
        max_restarts: or(env.max_restarts),
        restart_delay: or(env.restart_delay),
    }
}

function environment(env, wanted) {
    const there = env.env || {}, found = {}
    for (const [name, value] of Object.entries(wanted.env)) {
        found[name] = !(name in there) ? "missing" : String(there[name]) === value ? "same" : "differs"
    }
    for (const name of Object.keys(there)) {
        if (!(name in wanted.env) && name !== wanted.name && !usual.test(name)) found[name] = "extra"
    }
    return found
}

const differing = (found, options) =>
    Object.keys(options).filter(name => JSON.stringify(found[name]) !== JSON.stringify(options[name])).length
const wrong = env => Object.values(env).filter(state => state !== "same").length

function judge(running) {
    for (const { index, wanted } of rows) {
        const these = running.filter(process => process.name === wanted.name)
        const kept = dump.filter(entry => entry.name === wanted.name)
        if (wanted.absent) {
            console.log(index, these.length + kept.length === 0 ? "absent" : "differs", JSON.stringify({ instances: these.length }))
            continue
        }
        if (these.length === 0) {
            console.log(index, "absent", "{}")
            continue
        }
        const seen = these.map(process => ({
            options: view(process.pm2_env, wanted),
            env: environment(process.pm2_env, wanted),
        }))
        const badness = one => differing(one.options, wanted.options) + wrong(one.env)
        const worst = seen.reduce((a, b) => (badness(b) > badness(a) ? b : a))
        const found = {
            instances: these.length,
            status: [...new Set(these.map(state))].sort(),
            restarts: these.reduce((sum, process) => sum + process.pm2_env.restart_time, 0),
            options: worst.options,
            env: worst.env,
            saved: dumpMode === 0o600 && kept.length === these.length &&
                kept.every(entry => differing(view(entry, wanted), wanted.options) + wrong(environment(entry, wanted)) === 0),
        }
        const same = badness(worst) === 0 && found.instances === wanted.instances && found.status.join() === "online" && found.saved
        console.log(index, same ? "same" : "differs", JSON.stringify(found))
    }
}

(process.argv[1] === "alive" ? processes() : Promise.resolve([])).then(judge).catch(error => {
    console.error(error.message)
    process.exitCode = 1
})
'
# shellcheck disable=SC2016
look='
cd / || exit
printf "%s\n" "$HOME"
alive=
! is_alive || alive=alive
printf "%s\n" "$wanted" | asked "$compare" "$alive"
'

if ! command -v pm2 >/dev/null; then
    i=0
    for row in $ROWS; do
        emit "$i" no-pm2
        i=$((i + 1))
    done
    return 0
fi
search=$PATH self=$(id -un)
users=
for row in $ROWS; do
    read_row "$row"
    user=$account
    case $NL$users in *"$NL$user$NL"*) ;; *) users=$users$user$NL ;; esac
done
# An empty line stands for the session's own user, and would be lost in a list.
for of in $(printf '%s' "$users" | sed 's/^$/./'); do
    user=$of
    if [ "$of" = . ] || [ "$of" = "$self" ]; then user=; fi
    i=-1 wanted='' startups=''
    known=1
    [ -z "$user" ] || id -u -- "$user" >/dev/null 2>&1 || known=
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        [ "${account:-.}" = "$of" ] || continue
        if [ -z "$known" ]; then
            emit "$i" no-user
            continue
        fi
        decode "$app"
        wanted="$wanted$i $decoded$NL"
    done
    [ -n "$known" ] || continue
    wanted=${wanted%"$NL"}
    variables search wanted ask compare
    if ! found=$(as_user "$user" "$data$pm2_text$look"); then
        echo "what PM2 of ${user:-$self} runs cannot be told"
        continue
    fi
    home=${found%%"$NL"*}
    found=${found#"$home"}
    unit "${user:-$self}" "$home"
    boot=
    ! unit_is_right || boot=1
    for line in $found; do
        at=${line%% *}
        line=${line#* }
        case $line in
            'absent '*) emit "$at" absent ;;
            *) emit "$at" present "${line%% *}" "$boot" "${line#* }" ;;
        esac
    done
done
