#!/bin/sh
# Two directives of ~/.ssh/config whose meaning is more than "the first value counts".
#
# `ProxyJump none` ends the search for a jump host in OpenSSH; paramiko hands out a jump host called "none" (for
# `ProxyCommand none` it knows better). SendEnv adds up over the file in OpenSSH; in paramiko the first line counts.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet paramiko==5.1.0
printf 'Host app\n  ProxyJump none\n  SendEnv A\n  SendEnv B\nHost *\n  ProxyJump gate\n  SendEnv C\n' >"$work/config"

ssh -V
ssh -G -F "$work/config" app | grep -E '^(proxyjump|sendenv) ' >"$work/got"
"$work/venv/bin/python" - "$work/config" >>"$work/got" <<'PY'
import sys
import paramiko

found = paramiko.SSHConfig.from_path(sys.argv[1]).lookup("app")
print("paramiko", found["proxyjump"], found["sendenv"])
PY
cat "$work/got"
diff - "$work/got" <<'WANTED'
sendenv A
sendenv B
sendenv C
paramiko none A
WANTED
echo "as found: OpenSSH has no jump host and sends A, B and C; paramiko has the jump host none and sends A"
