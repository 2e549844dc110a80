#!/bin/sh
# A folder that is not there, in a list that restic backs up.
#
# A disk that is not mounted, or a word mistyped, in `restic backup /etc /srv/data`: one expects a failure, or status 3,
# which the manual has for sources that could not be read. Debian 12's restic skips the folder, stores a snapshot
# without it, and ends with 0; the word "skipping" is on standard error alone. Only where none of the folders is there
# does it fail. A `restore --include` that fits nothing, and `forget` of a snapshot that is not there, end with 0 as
# well.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq restic=0.14.0-1+b5
dpkg -x restic_*.deb root
export RESTIC_PASSWORD=example RESTIC_CACHE_DIR="$work/cache" RESTIC_REPOSITORY="$work/repository"
mkdir etc
echo setting >etc/app.conf
try() {
    status=0
    root/usr/bin/restic --quiet "$@" 2>&1 || status=$?
    echo "$* => status $status"
}
root/usr/bin/restic version
{
    root/usr/bin/restic --quiet init
    try backup etc data
    try backup data
    try restore latest --target back --include /nosuch
    try forget 00000000
    root/usr/bin/restic --quiet ls latest | sed "s|$work||" | grep etc
} >got
cat got
diff - got <<'WANTED'
data does not exist, skipping
backup etc data => status 0
data does not exist, skipping
Fatal: all target directories/files do not exist
backup data => status 1
restore latest --target back --include /nosuch => status 0
Ignoring "00000000": no matching ID found for prefix "00000000"
forget 00000000 => status 0
/etc
/etc/app.conf
WANTED
echo "as found: a backup without one of its folders is a good one"
