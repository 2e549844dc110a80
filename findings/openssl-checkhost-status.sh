#!/bin/sh
# The status of `openssl x509` where it checks a certificate.
#
# `-checkend` ends with 1 where the time runs out. `-checkhost`, `-checkip` and `-checkemail` of the same command print
# that the name does NOT match, and end with 0: `if openssl x509 -checkhost NAME` is always true. `openssl verify` has
# an option that does what one expects.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2
for package in *.deb; do dpkg -x "$package" root; done
openssl() { LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu root/usr/bin/openssl "$@"; }
openssl version
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=app -addext subjectAltName=DNS:app.example.org 2>/dev/null
try() {
    status=0
    openssl "$@" >out 2>/dev/null || status=$?
    echo "$* => $(tr '\n' ' ' <out)status $status"
}
{
    try x509 -in cert -noout -checkend 864000
    try x509 -in cert -noout -checkhost www.example.org
    try x509 -in cert -noout -checkip 192.0.2.1
    try verify -CAfile cert -verify_hostname www.example.org cert
    try verify -CAfile cert -verify_hostname app.example.org cert
} >got
cat got
diff - got <<'WANTED'
x509 -in cert -noout -checkend 864000 => Certificate will expire status 1
x509 -in cert -noout -checkhost www.example.org => Hostname www.example.org does NOT match certificate status 0
x509 -in cert -noout -checkip 192.0.2.1 => IP 192.0.2.1 does NOT match certificate status 0
verify -CAfile cert -verify_hostname www.example.org cert => status 2
verify -CAfile cert -verify_hostname app.example.org cert => cert: OK status 0
WANTED
echo "as found: a name that does not match is no failure"
