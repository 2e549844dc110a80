#!/bin/sh
# Two words of an iptables rule that iptables-translate passes over, without saying so.
#
# What it cannot translate it hands back as a comment, so what it prints for nft is thought to mean the same. `! --ports`
# comes out as `--ports` does: a rule for everything but these ports becomes one for them (`! --dports` is right). And the
# place in `-I INPUT 3` is dropped: the rule goes to the first place. Whoever moves a host from iptables to nftables with it
# is hit; iptables-restore-translate, for whole files, is the same code.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq iptables=1.8.9-2 libxtables12=1.8.9-2 libip4tc2=1.8.9-2 libip6tc2=1.8.9-2 \
    libnftnl11 libmnl0 libnetfilter-conntrack3 libnfnetlink0
for package in *.deb; do dpkg -x "$package" root; done

LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
XTABLES_LIBDIR=$LD_LIBRARY_PATH/xtables
export LD_LIBRARY_PATH XTABLES_LIBDIR
{
    root/usr/sbin/iptables-translate --version
    root/usr/sbin/iptables-translate -A INPUT -p udp -m multiport ! --dports 53,67 -j DROP
    root/usr/sbin/iptables-translate -A INPUT -p udp -m multiport --ports 53,67 -j DROP
    root/usr/sbin/iptables-translate -A INPUT -p udp -m multiport ! --ports 53,67 -j DROP
    root/usr/sbin/iptables-translate -I INPUT 3 -p tcp --dport 22 -j ACCEPT
} >got
cat got
diff - got <<'WANTED'
iptables-translate v1.8.9 (nf_tables)
nft 'add rule ip filter INPUT ip protocol udp udp dport != { 53, 67 } counter drop'
nft 'add rule ip filter INPUT ip protocol udp udp sport . udp dport { 0-65535 . 53, 53 . 0-65535, 0-65535 . 67, 67 . 0-65535 } counter drop'
nft 'add rule ip filter INPUT ip protocol udp udp sport . udp dport { 0-65535 . 53, 53 . 0-65535, 0-65535 . 67, 67 . 0-65535 } counter drop'
nft 'insert rule ip filter INPUT tcp dport 22 counter accept'
WANTED
echo "as found: the same rule with and without the exclamation mark, and no third place"
