#!/bin/sh
# Configuration files as Debian 12 ships them, read by the Augeas of Debian 12.
#
# Augeas is how Puppet's augeas type and Ansible's community module change single keys. Its lenses refuse a file as a
# whole where they do not know one line of it: `bind 127.0.0.1 -::1` of redis.conf, an option of jail.conf, a section of
# rsyslog's file for haproxy, and apt sources in the form that Debian's own images have (debian.sources, deb822).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq augeas-tools=1.14.0-1+deb12u1 libaugeas0=1.14.0-1+deb12u1 \
    augeas-lenses=1.14.0-1+deb12u1 redis-server fail2ban=1.0.2-2 haproxy
for package in augeas*.deb libaugeas0*.deb; do dpkg -x "$package" tool; done
for package in redis-server*.deb fail2ban*.deb haproxy*.deb; do dpkg -x "$package" host; done
mkdir -p host/etc/apt/sources.list.d
printf 'Types: deb\nURIs: https://deb.example.org/debian\nSuites: bookworm\nComponents: main\n' \
    >host/etc/apt/sources.list.d/debian.sources

LD_LIBRARY_PATH=$work/tool/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH
tool/usr/bin/augtool --version 2>&1 | head -1
tool/usr/bin/augtool --noload --nostdinc -I tool/usr/share/augeas/lenses/dist -r host <<'AUG' >answers
load
print /augeas//error/line
AUG
sed -n 's|^/augeas/files\(.*\)/error/line = "\(.*\)"$|\1 line \2|p' answers | sort >got
cat got
diff - got <<'WANTED'
/etc/apt/sources.list.d/debian.sources line 1
/etc/fail2ban/jail.conf line 216
/etc/redis/redis.conf line 87
/etc/rsyslog.d/49-haproxy.conf line 6
WANTED
sed -n 87p host/etc/redis/redis.conf
sed -n 216p host/etc/fail2ban/jail.conf
echo "as found: four files that their packages ship are refused"
