# What asks the PM2 in $PM2_HOME, in JavaScript. It speaks to the socket, as starting pm2 takes most of a second and node does
# not: AMP messages (a byte with version and number of parts, then each part after its length), in them axon-rpc's JSON.
ask='
const net = require("net"), home = process.env.PM2_HOME
const after = time => new Promise(resolve => setTimeout(resolve, time))
const part = text => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(Buffer.byteLength(text))
    return Buffer.concat([size, Buffer.from(text)])
}
const question = { type: "call", method: "getMonitorData", args: [{}] }
const message = Buffer.concat([Buffer.of(0x12), part("j:" + JSON.stringify(question)), part("s:1")])
const answer = () => new Promise((resolve, reject) => {
    const socket = net.connect(home + "/rpc.sock")
    let got = Buffer.alloc(0)
    socket.setTimeout(60000, () => socket.destroy(new Error("PM2 does not answer")))
    socket.on("error", reject)
    socket.on("close", () => reject(new Error("PM2 ended the connection without an answer")))
    socket.on("data", chunk => {
        got = Buffer.concat([got, chunk])
        const end = got.length < 5 ? Infinity : 5 + got.readUInt32BE(1)
        if (got.length < end) return
        const { error, args } = JSON.parse(got.toString("utf8", 7, end))
        if (error) reject(new Error(error))
        else resolve(args[0])
        socket.destroy()
    })
    socket.write(message)
})
// What `pm2 jlist` prints. A PM2 that has just been started may not listen yet.
async function processes() {
    for (;;) {
        try {
            return await answer()
        } catch (error) {
            if (!["ENOENT", "ECONNREFUSED"].includes(error.code) || process.uptime() > 20) throw error
        }
        await after(100)
    }
}
const age = ({ pm2_env: env }) => Date.now() - env.pm_uptime
const state = process => {
    const { status, unstable_restarts: restarts } = process.pm2_env
    return status === "online" && restarts > 0 && age(process) < 5000 ? "restarting" : status
}
'

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
# asked PROGRAM ARGUMENT...: runs JavaScript that follows $ask.
asked() {
    asking=$ask$1
    shift
    PM2_HOME=$PM2_HOME node -e "$asking" "$@"
}
'

# A PM2 that has ended is not told to: `pm2 kill` would start another one for that.
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
ExecStop=/bin/sh -c '[ -z \"\$\$MAINPID\" ] || exec $program kill'

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
