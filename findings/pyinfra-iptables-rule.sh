#!/bin/sh
# iptables.rule of pyinfra, on a host that has other rules than the wanted ones.
#
# It reads `iptables-save`, and of what is not chain, target, protocol, address or interface it keeps a set of words: the
# order is gone, and a `!` before such an option too. So a rule that accepts all but port 22 counts as the one that accepts
# port 22, and one from port 80 to 22 as one from 22 to 80: "No changes", and the wanted rule is never made. A comment of two
# words, which the set holds in one piece on one side only, is never found: each run adds the rule once more.
# Wants root, for a network namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq iptables=1.8.9-2 libxtables12=1.8.9-2 libnftnl11 libmnl0 libnetfilter-conntrack3 \
    libnfnetlink0
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet pyinfra==3.10.0
mkdir bin
for program in iptables iptables-save; do
    cat >"bin/$program" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu XTABLES_LIBDIR=$work/root/usr/lib/x86_64-linux-gnu/xtables \
    exec "$work/root/usr/sbin/xtables-nft-multi" $program "\$@"
WRAPPER
    chmod +x "bin/$program"
done
cat >deploy.py <<'PY'
from pyinfra.operations import iptables

tcp = {"chain": "INPUT", "protocol": "tcp"}
iptables.rule(name="accept 22", jump="ACCEPT", destination_port=22, **tcp)
iptables.rule(name="drop 22 to 80", jump="DROP", source_port=22, destination_port=80, **tcp)
iptables.rule(name="accept 443", jump="ACCEPT", destination_port=443, extras='-m comment --comment "the site"', **tcp)
PY
cat >steps <<'SHELL'
iptables -A INPUT -p tcp ! --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --sport 80 --dport 22 -j DROP
for run in 1 2; do
    venv/bin/pyinfra --yes @local deploy.py 2>&1 | sed -n "/^--> Starting operation: /{s///;s/ *$/:/;N;s/\n *\[@local\]//;s/^/run $run: /;p;}"
done
iptables-save | grep '^-A'
SHELL
export PATH="$work/bin:$PATH"
venv/bin/pyinfra --version
iptables --version
unshare -n sh -eu steps >got
cat got
diff - got <<'WANTED'
run 1: accept 22: No changes
run 1: drop 22 to 80: No changes
run 1: accept 443: Success
run 2: accept 22: No changes
run 2: drop 22 to 80: No changes
run 2: accept 443: Success
-A INPUT -p tcp -m tcp ! --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 80 --dport 22 -j DROP
-A INPUT -p tcp -m comment --comment "the site" -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m comment --comment "the site" -m tcp --dport 443 -j ACCEPT
WANTED
echo "as found: neither of the first two rules was made, and the third was made twice"
