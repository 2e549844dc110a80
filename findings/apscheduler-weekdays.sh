#!/bin/sh
# Days of the week as numbers, in CronTrigger.from_crontab of APScheduler.
#
# The method takes "a standard crontab expression". In crontab(5) 0 and 7 are Sunday and 1 is Monday; here 0 is Monday,
# so that `0 3 * * 1` runs on Tuesdays, `1-5` leaves Monday out and has Saturday, and 7 is an error. Names of days are
# right. croniter, of the same registry, reads the numbers as cron does.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet apscheduler==3.11.3 croniter==7.0.0
cat >next.py <<'PY'
from datetime import datetime, timezone
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter

begin = datetime(2026, 12, 1, tzinfo=timezone.utc)  # a Tuesday


def days(line):
    trigger, last = CronTrigger.from_crontab(line, timezone.utc), begin
    seen = set()
    for _ in range(7):
        last = trigger.get_next_fire_time(last, last)
        seen.add(last.strftime("%a"))
    return " ".join(sorted(seen))


def cron(line):
    times = croniter(line, begin)
    return " ".join(sorted({times.get_next(datetime).strftime("%a") for _ in range(7)}))


for line in ("0 3 * * 0", "0 3 * * 1", "0 3 * * 1-5", "0 3 * * mon-fri", "0 3 * * 7"):
    try:
        found = days(line)
    except ValueError as error:
        found = type(error).__name__
    print(f"{line}: {found} | {cron(line)}")
PY
venv/bin/pip list 2>/dev/null | grep -iE 'apscheduler|croniter'
venv/bin/python next.py >got
cat got
diff - got <<'WANTED'
0 3 * * 0: Mon | Sun
0 3 * * 1: Tue | Mon
0 3 * * 1-5: Fri Sat Thu Tue Wed | Fri Mon Thu Tue Wed
0 3 * * mon-fri: Fri Mon Thu Tue Wed | Fri Mon Thu Tue Wed
0 3 * * 7: ValueError | Sun
WANTED
echo "as found: each number is a day later than cron's"
