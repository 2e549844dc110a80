#!/bin/sh
# Times with a unit in ~/.ssh/config (ssh_config(5) refers to TIME FORMATS of sshd_config(5)), as three readers take them.
#
# OpenSSH reads `ServerAliveInterval 1m` as 60 seconds. asyncssh refuses a file that has it; paramiko hands out the text.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet paramiko==5.1.0 asyncssh==2.24.1
printf 'Host app\n  ServerAliveInterval 1m\n' >"$work/config"

ssh -V
ssh -G -F "$work/config" app | grep '^serveraliveinterval ' >"$work/got"
"$work/venv/bin/python" - "$work/config" >>"$work/got" <<'PY'
import sys
import asyncssh, paramiko

print("paramiko", paramiko.SSHConfig.from_path(sys.argv[1]).lookup("app")["serveraliveinterval"])
try:
    options = asyncssh.SSHClientConnectionOptions(config=[sys.argv[1]], host="app")
    print("asyncssh", options.keepalive_interval)
except asyncssh.ConfigParseError as error:
    print("asyncssh", str(error).split(": ", 1)[-1])
PY
cat "$work/got"
diff - "$work/got" <<'WANTED'
serveraliveinterval 60
paramiko 1m
asyncssh Invalid ServerAliveInterval integer value: 1m
WANTED
echo "as found: only OpenSSH knows the unit"
