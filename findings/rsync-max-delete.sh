#!/bin/sh
# The brake --max-delete of rsync.
#
# Somebody who allows at most 3 deletions, so that an empty or wrong source does no harm, expects that nothing goes
# where there would be more. rsync deletes the first 3 and then stops deleting, with status 25; it copies all the rest.
# Run again, as a timer would, it deletes 3 more. Only `--max-delete=0` and `-n`, which counts them, leave everything.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq rsync=3.5.0+ds1-0+deb12u1 libpopt0 libxxhash0 liblz4-1 libzstd1 libacl1
for package in *.deb; do dpkg -x "$package" root; done
rsync() { LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu root/usr/bin/rsync "$@" 2>/dev/null; }
mkdir from to
touch from/new to/1 to/2 to/3 to/4 to/5 to/6 to/7 to/8
run() {
    status=0
    rsync --archive --delete "$@" from/ to/ || status=$?
    echo "$*: status $status, left: $(cd to && echo *)"
}
rsync --version | sed -n 1p
{
    run --max-delete=0
    run --max-delete=3
    run --max-delete=3
    run --max-delete=3
} >got
cat got
diff - got <<'WANTED'
--max-delete=0: status 25, left: 1 2 3 4 5 6 7 8 new
--max-delete=3: status 25, left: 1 2 3 4 5 new
--max-delete=3: status 25, left: 1 2 new
--max-delete=3: status 0, left: new
WANTED
echo "as found: the limit is on one run's deletions, and does not keep them from happening"
