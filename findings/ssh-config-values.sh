#!/bin/sh
# Values in ~/.ssh/config with a comment behind them, and with a unit of time, as three readers take them.
#
# OpenSSH drops the comment (since 8.7) and reads `1m` as 60 seconds (TIME FORMATS of sshd_config(5)). paramiko's SSHConfig
# keeps both as they stand: it would log in as the user "bob # the deployer". asyncssh refuses a file that has either.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet paramiko==5.1.0 asyncssh==2.24.1
printf 'Host app\n  User bob # the deployer\n' >"$work/user"
printf 'Host app\n  ServerAliveInterval 1m\n' >"$work/serveraliveinterval"

ssh -V
for name in user serveraliveinterval; do
    ssh -G -F "$work/$name" app </dev/null | grep "^$name "
    "$work/venv/bin/python" - "$work/$name" "$name" <<'PY'
import sys
import asyncssh, paramiko

path, name = sys.argv[1:]
print("paramiko", paramiko.SSHConfig.from_path(path).lookup("app")[name])
try:
    options = asyncssh.SSHClientConnectionOptions(config=[path], host="app")
    print("asyncssh", options.username, options.keepalive_interval)
except asyncssh.ConfigParseError as error:
    print("asyncssh", str(error).split(": ", 1)[-1])
PY
done >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
user bob
paramiko bob # the deployer
asyncssh Extra data at end: # the deployer
serveraliveinterval 60
paramiko 1m
asyncssh Invalid ServerAliveInterval integer value: 1m
WANTED
echo "as found: OpenSSH reads both, paramiko hands out the text, asyncssh refuses the file"
