#!/bin/sh
# One port of a range that is open, as firewall-offline-cmd sees it.
#
# With `8000-8100/tcp` in a zone, 8080 is open. `--query-port=8080/tcp` says no, `--remove-port=8080/tcp` says success
# and leaves it open, and `--add-port=8080/tcp` says success and adds nothing that the next query would find: what opens
# 8080 where it is not (a role, a script) does so at each run. And the order counts: a range that comes later swallows
# the ports that were listed, so that 8080 was there and is not any more.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq firewalld=1.3.3-1~deb12u2 python3-firewall=1.3.3-1~deb12u2 python3-nftables libnftables1 \
    python3-dbus python3-gi libgirepository-1.0-1
for package in *.deb; do dpkg -x "$package" root; done
export PYTHONPATH="$work/root/usr/lib/python3/dist-packages" LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
firewall() {
    /usr/bin/python3 root/usr/bin/firewall-offline-cmd --system-config "$work/root/etc/firewalld" \
        --default-config "$work/root/usr/lib/firewalld" "$@" 2>/dev/null || true
}
try() { echo "$* $(firewall "$@")"; }
firewall --version
{
    try --add-port=8080/tcp
    try --query-port=8080/tcp
    try --add-port=8000-8100/tcp
    try --list-ports
    try --query-port=8080/tcp
    try --add-port=8080/tcp
    try --query-port=8080/tcp
    try --remove-port=8080/tcp
    try --list-ports
} >got
cat got
diff - got <<'WANTED'
--add-port=8080/tcp success
--query-port=8080/tcp yes
--add-port=8000-8100/tcp success
--list-ports 8000-8100/tcp
--query-port=8080/tcp no
--add-port=8080/tcp success
--query-port=8080/tcp no
--remove-port=8080/tcp success
--list-ports 8000-8100/tcp
WANTED
echo "as found: a port inside a range is neither there, nor can it be added or removed"
