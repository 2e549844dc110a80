#!/bin/sh
# The status of `timeout` where the time was up.
#
# coreutils has 124 for it, and scripts ask for that. BusyBox has the status of the command that it ended, 143 for
# SIGTERM: where the command makes something else of that signal, such as 0, so does `timeout`, and the time that was up
# looks like success.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq busybox-static coreutils
for package in *.deb; do dpkg -x "$package" root; done
cat >ends-well <<'SHELL'
trap 'exit 0' TERM
sleep 20 &
wait
SHELL
try() {
    what=$1
    shift
    status=0
    "$@" >/dev/null 2>&1 || status=$?
    echo "$what: $status"
}
root/bin/busybox 2>&1 | sed -n 1p
{
    try 'coreutils, sleep' root/usr/bin/timeout 1 sleep 20
    try 'coreutils, ends well' root/usr/bin/timeout 1 sh ends-well
    try 'BusyBox, sleep' root/bin/busybox timeout 1 sleep 20
    try 'BusyBox, ends well' root/bin/busybox timeout 1 sh ends-well
} >got
cat got
diff - got <<'WANTED'
coreutils, sleep: 124
coreutils, ends well: 124
BusyBox, sleep: 143
BusyBox, ends well: 0
WANTED
echo "as found: with BusyBox, a program that ends well when told to hides that its time was up"
