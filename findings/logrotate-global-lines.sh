#!/bin/sh
# What one file of /etc/logrotate.d does to the others.
#
# `weekly` and `rotate 7` at the top of a file, before its first log, are not for that file: they hold for every file
# that comes after it in the alphabet, which then no longer keeps what logrotate.conf says. And where a pattern
# (`*.log`) covers one log that an earlier file has, logrotate drops the whole rule, so that no other log of the pattern
# is ever rotated.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq logrotate=3.21.0-1 libpopt0 libacl1 libselinux1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
mkdir logrotate.d log
for name in app backup cron db; do echo line >log/$name.log; done
printf 'monthly\nrotate 2\ninclude %s\n' "$work/logrotate.d" >logrotate.conf
printf '%s/log/app.log {\n}\n' "$work" >logrotate.d/10-app
printf 'weekly\nrotate 7\n%s/log/backup.log {\n}\n' "$work" >logrotate.d/20-backup
printf '%s/log/cron.log {\n}\n' "$work" >logrotate.d/30-cron
printf '%s/log/*.log {\n    daily\n    rotate 30\n}\n' "$work" >logrotate.d/40-all
chmod 644 logrotate.conf logrotate.d/*
root/usr/sbin/logrotate --version 2>&1 | sed -n 1p
root/usr/sbin/logrotate --debug --state "$work/state" logrotate.conf 2>&1 |
    sed -n "s|$work/log/||; /^error: /p; /^rotating pattern/p; /No logs found/p" >got
ls log >>got
cat got
diff - got <<'WANTED'
error: 40-all:1 duplicate log entry for app.log
error: found error in file 40-all, skipping
rotating pattern: app.log  monthly (2 rotations)
rotating pattern: backup.log  weekly (7 rotations)
rotating pattern: cron.log  weekly (7 rotations)
rotating pattern: *.log  after 1 days (30 rotations)
No logs found. Rotation not needed.
app.log
backup.log
cron.log
db.log
WANTED
echo "as found: cron.log is kept as the file before it says, and db.log is not rotated at all"
