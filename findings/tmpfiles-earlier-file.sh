#!/bin/sh
# One path or user in two files of tmpfiles.d and sysusers.d.
#
# Of two files of sysctl.d that set one key, the one that is later in the alphabet wins, and so it is among drop-ins of
# units: a zz-local.conf is read last and has the last word. For tmpfiles.d and sysusers.d it is the first that counts.
# The later line is ignored, with a line in the log and status 0. What is to override a package's line has to come
# before it, or be a file of the same name in /etc.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu/systemd:$work/root/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu"
mkdir -p host/usr/lib/tmpfiles.d host/etc/tmpfiles.d host/usr/lib/sysusers.d host/etc/sysusers.d
echo 'd /srv/app 0755 - -' >host/usr/lib/tmpfiles.d/app.conf
echo 'd /srv/app 0700 - -' >host/etc/tmpfiles.d/zz-local.conf
echo 'u app 900 - /srv/app' >host/usr/lib/sysusers.d/app.conf
echo 'u app 950 - /home/app' >host/etc/sysusers.d/zz-local.conf
root/bin/systemd-tmpfiles --version | sed -n 1p
create() {
    status=0
    root/bin/systemd-sysusers --root="$work/host" 2>/dev/null || status=$?
    root/bin/systemd-tmpfiles --root="$work/host" --create 2>/dev/null || status=$?
    echo "$1: status $status, $(stat -c %a host/srv/app), $(cut -d: -f3,6 host/etc/passwd)"
}
{
    create zz-local
    rm -r host/srv host/etc/passwd host/etc/group host/etc/shadow host/etc/gshadow
    mv host/etc/tmpfiles.d/zz-local.conf host/etc/tmpfiles.d/00-local.conf
    mv host/etc/sysusers.d/zz-local.conf host/etc/sysusers.d/00-local.conf
    create 00-local
} >got
cat got
diff - got <<'WANTED'
zz-local: status 0, 755, 900:/srv/app
00-local: status 0, 700, 950:/home/app
WANTED
echo "as found: the first line for a path or user counts, not the last"
