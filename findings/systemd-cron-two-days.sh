#!/bin/sh
# Day of month and day of week in one line of a crontab, as systemd-cron turns it into a timer.
#
# crontab(5) runs `30 4 1,15 * 5` on the 1st, on the 15th and on every Friday; the page that systemd-cron ships has the
# same example with the same words. Its generator makes a timer for Fridays that are the 1st or the 15th. (Debian 13's
# systemd-cron 2.5.1, another program, makes the same timer.) Wants root, to put a crontab of its own in the place of
# /etc/crontab in a mount namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq systemd-cron=1.15.19-5
dpkg -x systemd-cron_1.15.19-5_amd64.deb root
printf '30 4 1,15 * 5 root true\n' >table
mkdir units

unshare -m sh -c 'touch /etc/crontab && mount --bind table /etc/crontab &&
    exec /usr/bin/python3 root/lib/systemd/system-generators/systemd-crontab-generator "$PWD/units"' 2>/dev/null
zcat root/usr/share/man/man5/crontab.5.gz | grep -A3 '30 4 1,15' | tail -3 | tr '\n' ' '
echo
grep -h '^OnCalendar' units/cron-crontab-root-0.timer | tee got
diff - got <<'WANTED'
OnCalendar=Fri *-*-1,15 4:30:00
WANTED
echo "as found: the page promises either day, the timer wants both"
