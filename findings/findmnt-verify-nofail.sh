#!/bin/sh
# `findmnt --verify`, the checker of /etc/fstab, and what systemd makes of the same line.
#
# An entry with `nofail` whose device or folder is not there does not stop a boot: systemd only wants it (a symlink in
# .wants, not .requires) and makes the folder itself. findmnt calls both "on boot required" and counts errors.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq util-linux libmount1 libblkid1 libsmartcols1
for package in *.deb; do dpkg -x "$package" root; done
printf 'UUID=0a1b2c3d-0000-0000-0000-000000000001 /mnt/no-such-folder ext4 defaults,nofail 0 2\n' >fstab
mkdir units

LD_LIBRARY_PATH=$work/root/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu root/bin/findmnt --version
{
    status=0
    LD_LIBRARY_PATH=$work/root/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu \
        root/bin/findmnt --verify --tab-file fstab 2>&1 || status=$?
    echo "findmnt: $status"
    SYSTEMD_FSTAB=$work/fstab /usr/lib/systemd/system-generators/systemd-fstab-generator units units units
    (cd units && find . -type l | sort)
} >got
cat got
grep -q 'unreachable on boot required target' got
grep -q 'unreachable on boot required source' got
grep -q '^findmnt: 1$' got
grep -q 'local-fs.target.wants/mnt-no' got
if grep -q 'local-fs.target.requires/' got; then exit 1; fi
echo "as found: findmnt fails for an entry that systemd only wants"
