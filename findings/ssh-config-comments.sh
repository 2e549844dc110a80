#!/bin/sh
# Comments behind a value in ~/.ssh/config, as three readers take them.
#
# OpenSSH drops them since 8.7. paramiko's SSHConfig keeps them as part of the value: it would log in as the user
# "bob # the deployer". asyncssh refuses the file.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet paramiko==5.1.0 asyncssh==2.24.1
printf 'Host app\n  User bob # the deployer\n' >"$work/config"

ssh -V
ssh -G -F "$work/config" app | grep '^user ' >"$work/got"
"$work/venv/bin/python" - "$work/config" >>"$work/got" <<'PY'
import sys
import asyncssh, paramiko

print("paramiko", paramiko.SSHConfig.from_path(sys.argv[1]).lookup("app")["user"])
try:
    options = asyncssh.SSHClientConnectionOptions(config=[sys.argv[1]], host="app")
    print("asyncssh", options.username)
except asyncssh.ConfigParseError as error:
    print("asyncssh", str(error).split(": ", 1)[-1])
PY
cat "$work/got"
diff - "$work/got" <<'WANTED'
user bob
paramiko bob # the deployer
asyncssh Extra data at end: # the deployer
WANTED
echo "as found: OpenSSH drops the comment, paramiko keeps it in the value, asyncssh refuses the file"
