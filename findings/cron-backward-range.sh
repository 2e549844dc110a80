#!/bin/sh
# Ranges of a crontab that begin later than they end, such as `22-2` for a night or `fri-sun` for a weekend.
#
# cron does not go over midnight or the end of a week with them, and nothing refuses them either: Debian's crontab takes the
# table, cron loads it, and such a job never runs, without a word. Here all hours (`20-19`) and all days (`fri-thu`)
# are meant, beside a job of every minute, which does run. (croniter goes round with both; cronsim and the croner of PM2
# refuse them.) Waits for cron up to two minutes; wants root, for a mount namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq cron=3.0pl1-162
dpkg -x cron_*.deb root
{ cat /etc/group; echo crontab:x:9997:; } >group
mkdir ran
cat >table <<CRONTAB
* 20-19 * * * touch $work/ran/all-hours
* * * * fri-thu touch $work/ran/all-days
* * * * * touch $work/ran/each-minute
CRONTAB
chmod 0600 table
dpkg-deb -f cron_*.deb Package Version
cat >steps <<'SHELL'
mount -t tmpfs none /var/spool
mount -t tmpfs none /run
mount --bind group /etc/group
mkdir -p /var/spool/cron/crontabs
root/usr/bin/crontab -n table 2>&1
cp table /var/spool/cron/crontabs/root
root/usr/sbin/cron -f -L 15 >log 2>&1 &
cron=$!
for _ in $(seq 130); do
    sleep 1
    [ ! -e ran/each-minute ] || break
done
sleep 2
kill "$cron"
cat log
ls ran
SHELL
unshare -m sh -eu steps >got
cat got
diff - got <<'WANTED'
The syntax of the crontab file was successfully checked.
each-minute
WANTED
echo "as found: the two ranges were accepted, and their jobs did not run"
