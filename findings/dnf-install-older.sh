#!/bin/sh
# An older version by its number, given to `dnf install`.
#
# apt-get -y refuses to go back without --allow-downgrades, and dnf has a command of its own for it. But `dnf -y install
# app-1` where app-2 is installed downgrades, without an option and with status 0, and so does `dnf install
# ./app-1.rpm`; a pinned version in a script that installs takes back the upgrade that came in between. Beside it: a
# name that nothing has fails `install` as a whole, and is no error of `remove`, nor of `upgrade` beside one that
# exists.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq dnf=4.14.0-3+deb12u1 python3-dnf=4.14.0-3+deb12u1 dnf-data rpm=4.18.0+dfsg-1+deb12u1 \
    rpm-common librpm9 librpmio9 librpmbuild9 librpmsign9 python3-rpm createrepo-c libcreaterepo-c0 libdnf2 libdnf2-common \
    python3-libdnf python3-hawkey libcomps0 python3-libcomps librepo0 libsolv1 libsolvext1 libmodulemd2 libzck1 libdrpm0 liblua5.3-0 \
    libpopt0 libgpgme11 python3-gpg libfsverity0 libarchive13 debugedit python3-dateutil
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu" RPM_CONFIGDIR="$work/root/usr/lib/rpm" \
    PYTHONPATH="$work/root/usr/lib/python3/dist-packages" PATH="$work/root/usr/bin:$PATH"
mkdir -p repository host repos.d
for version in 1 2; do
    printf 'Name: app\nVersion: %s\nRelease: 1\nSummary: -\nLicense: MIT\nBuildArch: noarch\n%%description\n-\n%%files\n' $version >app.spec
    rpmbuild --define "_topdir $work/build" --define "_dbpath $work/build/db" -bb app.spec >build.log 2>&1
done
cp build/RPMS/noarch/*.rpm repository
createrepo_c --quiet repository
printf '[main]\ngpgcheck=0\nplugins=0\nreposdir=%s\ncachedir=%s\nlogdir=%s\npersistdir=%s\n' \
    "$work/repos.d" "$work/cache" "$work/log" "$work/persist" >dnf.conf
printf '[local]\nname=local\nbaseurl=file://%s\n' "$work/repository" >repos.d/local.repo
dnf() { /usr/bin/python3 root/usr/bin/dnf --config="$work/dnf.conf" --installroot="$work/host" --releasever=1 "$@"; }
try() {
    status=0
    dnf --quiet --assumeyes "$@" >out 2>&1 || status=$?
    echo "$*: status $status, $(rpm --root "$work/host" -q app 2>/dev/null)"
}
dnf --version | sed -n 1p
{
    try install app
    try install app-1
    try upgrade app
    try install ./repository/app-1-1.noarch.rpm
    try install app nosuch
    try upgrade app nosuch
    try remove nosuch
} >got
cat got
diff - got <<'WANTED'
install app: status 0, app-2-1.noarch
install app-1: status 0, app-1-1.noarch
upgrade app: status 0, app-2-1.noarch
install ./repository/app-1-1.noarch.rpm: status 0, app-1-1.noarch
install app nosuch: status 1, app-1-1.noarch
upgrade app nosuch: status 0, app-2-1.noarch
remove nosuch: status 0, app-2-1.noarch
WANTED
echo "as found: install goes back to the older version"
