#!/bin/sh
# A crontab that python-crontab reads and writes without a change, as it does whenever it adds or removes a job.
#
# cron takes blanks around the `=` of a variable (crontab(5)), steps as long as the whole range, and variables below the last
# job. Debian's crontab has nothing against this table. Written back, PATH is gone, the job of `0 */24` is a comment (with a
# line on standard error), and of `7-7`, Sundays, `0,*` was made, which is every day. Whoever has a program add its jobs to a
# table that people write in, too, is hit. Wants root, for a mount namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq cron=3.0pl1-162
dpkg -x cron_*.deb root
python3 -m venv venv
venv/bin/pip install --quiet python-crontab==3.4.0
cat >table <<'CRONTAB'
PATH = /opt/app/bin:/usr/bin:/bin
0 4 * * * backup
0 */24 * * * report
0 5 * * 7-7 clean
TZ=UTC
CRONTAB
{ cat /etc/group; echo crontab:x:9997:; } >group
venv/bin/pip list 2>/dev/null | grep crontab
{
    unshare -m sh -eu -c 'mount -t tmpfs none /var/spool && mkdir -p /var/spool/cron/crontabs && mount --bind group /etc/group &&
        exec root/usr/bin/crontab -n table' 2>&1
    venv/bin/python -c 'import crontab; print(crontab.CronTab(tab=open("table").read()).render(), end="")' 2>/dev/null
} >got
cat got
diff - got <<'WANTED'
The syntax of the crontab file was successfully checked.
0 4 * * * backup
# DISABLED LINE
# 0 */24 * * * report
0 5 * * 0,* clean
WANTED
echo "as found: two variables and a job are gone, and another runs every day"
