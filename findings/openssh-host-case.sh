#!/bin/sh
# The case of a host's name on the command line, as OpenSSH compares it with `Host` and with `Match host`.
#
# `Host` compares with what was typed, letter by letter; `Match host` compares with the name after it was made lower case.
# A tool that hands names through as its inventory has them (APP1) gets half of a configuration.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'Host app1\n  Port 2201\nMatch host app1\n  User bob\n' >"$work/config"

ssh -V
for name in app1 APP1; do
    printf '%s: ' "$name"
    ssh -G -F "$work/config" "$name" | grep -E '^(hostname|port|user) (app1|2201|22|bob)$' | sort | tr '\n' ' '
    echo
done >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
app1: hostname app1 port 2201 user bob 
APP1: hostname app1 port 22 user bob 
WANTED
echo "as found: Host did not match APP1, Match host did, and the name that is looked up is app1"
