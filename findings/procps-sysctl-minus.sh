#!/bin/sh
# A key with a leading `-` in a file of /etc/sysctl.d, as its two readers take it.
#
# sysctl.conf(5) and sysctl.d(5) both say that a failure to set such a key is ignored. systemd-sysctl does so; `sysctl -p`
# of procps 4.0.2 (and 4.0.4 of Debian 13) complains and ends with status 1. Wants root, for a network namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq procps=2:4.0.2-3 libproc2-0=2:4.0.2-3 systemd
for package in *.deb; do dpkg -x "$package" root; done
printf -- '-net.ipv4.nosuchkey = 1\n' >one.conf

library=$work/root/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$library root/sbin/sysctl --version
zcat root/usr/share/man/man5/sysctl.conf.5.gz | grep -A1 'begins with a single'
{
    status=0
    unshare -n env LD_LIBRARY_PATH="$library" "$work/root/sbin/sysctl" -p one.conf 2>&1 || status=$?
    echo "sysctl: $status"
    status=0
    unshare -n /usr/lib/systemd/systemd-sysctl "$work/one.conf" 2>&1 || status=$?
    echo "systemd-sysctl: $status"
} >got
cat got
diff - got <<'WANTED'
sysctl: cannot stat /proc/sys/net/ipv4/nosuchkey: No such file or directory
sysctl: 1
systemd-sysctl: 0
WANTED
echo "as found: systemd-sysctl ignores the failure, sysctl does not"
