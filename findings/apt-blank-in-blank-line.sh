#!/bin/sh
# A line between two stanzas that is not quite empty, in files of apt.
#
# Debian's policy lets readers of control files take a line of blanks for an empty one, python-debian does, and a file
# of sources with a blank in that line looks right in any editor. apt goes on with the same stanza, and each field of
# the second replaces that of the first: of two repositories only the second is there, and of two pins only the last.
# Neither `apt-get update` nor `apt-cache policy` says a word about it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq apt=2.6.2 libapt-pkg6.0=2.6.2
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet python-debian==1.1.1
mkdir -p etc/apt/sources.list.d etc/apt/apt.conf.d etc/apt/preferences.d var/lib/apt/lists/partial var/lib/dpkg repository
touch var/lib/dpkg/status
tool() {
    program=$1
    shift
    LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu "root/usr/bin/$program" -o Dir="$work" \
        -o Dir::State::status="$work/var/lib/dpkg/status" -o Dir::Bin::Methods=/usr/lib/apt/methods -o APT::Sandbox::User=root "$@" 2>&1
}
sources() {
    printf 'Types: deb\nURIs: http://one.example.org/\nSuites: stable\nComponents: main\n%s\n' "$1"
    printf 'Types: deb\nURIs: http://two.example.org/\nSuites: stable\nComponents: main\n'
}
uris() { tool apt-get update --print-uris | grep -o '//[a-z]*\.example\.org' | sort -u | tr '\n' ' '; }
pins() {
    printf 'Package: web\nPin: version 1.0\nPin-Priority: 1001\n%s\n' "$1"
    printf 'Package: db\nPin: version 1.0\nPin-Priority: 1001\n'
}
candidates() { tool apt-cache policy web db | sed -n 's/^ *Candidate: //p' | tr '\n' ' '; }
tool apt-get --version | sed -n 1p
{
    sources '' >etc/apt/sources.list.d/two.sources
    echo "empty line: $(uris)"
    sources ' ' >etc/apt/sources.list.d/two.sources
    echo "line with a blank: $(uris)"
    venv/bin/python -c '
import sys
from debian.deb822 import Deb822
print("python-debian:", *(each["URIs"][5:-1] for each in Deb822.iter_paragraphs(sys.stdin)))' <etc/apt/sources.list.d/two.sources
    rm etc/apt/sources.list.d/two.sources
    for name in web db; do
        for version in 1.0 2.0; do
            printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: A <a@example.org>\n' $name $version
            printf 'Filename: %s_%s.deb\nSize: 1\nSHA256: %064d\nDescription: -\n\n' $name $version 0
        done
    done >repository/Packages
    echo "deb [trusted=yes] file:$work/repository ./" >etc/apt/sources.list
    tool apt-get update >log
    pins '' >etc/apt/preferences
    echo "pins, empty line: $(candidates)"
    pins ' ' >etc/apt/preferences
    echo "pins, line with a blank: $(candidates)"
} >got
cat got
diff - got <<'WANTED'
empty line: //one.example.org //two.example.org 
line with a blank: //two.example.org 
python-debian: //one.example.org //two.example.org
pins, empty line: 1.0 1.0 
pins, line with a blank: 2.0 1.0 
WANTED
echo "as found: what stands above a line with a blank is lost"
