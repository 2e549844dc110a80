#!/bin/sh
# A later file of /etc/netplan that gives an interface another address.
#
# Files are read in the order of their names, and a later one overrides: so 99-local.yaml with the new address seems to
# do. It does for single values (`mtu`), but lists are joined: the host has the old address and the new one, both
# servers of DNS, and both default routes. `addresses: []` in the later file takes nothing away either.
# (systemd-networkd's files, written here without touching the host.)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq netplan.io=0.106-2+deb12u1 libnetplan0=0.106-2+deb12u1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
mkdir -p host/etc/netplan
umask 077
cat >host/etc/netplan/10-image.yaml <<'YAML'
network:
  ethernets:
    eth0:
      mtu: 1400
      addresses: [192.0.2.10/24]
      nameservers: {addresses: [192.0.2.1]}
YAML
cat >host/etc/netplan/99-local.yaml <<'YAML'
network:
  ethernets:
    eth0:
      mtu: 1500
      addresses: [192.0.2.20/24]
      nameservers: {addresses: [192.0.2.2]}
YAML
generated() { root/usr/libexec/netplan/generate --root-dir "$work/host" && cat host/run/systemd/network/*.network | grep -E '^(Address|DNS|MTUBytes)='; }
ls netplan.io_*
{
    generated
    sed -i 's/\[192.0.2.20.24\]/[]/' host/etc/netplan/99-local.yaml
    echo 'with addresses: []'
    generated | grep Address
} >got
cat got
diff - got <<'WANTED'
MTUBytes=1500
Address=192.0.2.10/24
Address=192.0.2.20/24
DNS=192.0.2.1
DNS=192.0.2.2
with addresses: []
Address=192.0.2.10/24
WANTED
echo "as found: lists of all files are joined"
