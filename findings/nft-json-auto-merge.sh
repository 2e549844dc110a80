#!/bin/sh
# A set of nftables with `auto-merge`, saved as JSON and loaded again.
#
# `nft -j list ruleset` says neither that a set merges its elements nor any comment of a table, chain or set. What is loaded
# from it looks the same, but an address inside a network that the set holds already, which it took before, is an error then.
# Saved as text, the rules keep it. Who keeps, compares or copies rules as JSON (libnftables' own form for programs) is hit.
# Wants root, for a network namespace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11 libmnl0 \
    libxtables12 libjansson4 libedit2 libbsd0 libmd0
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" PATH="$work/root/usr/sbin:$PATH"
cat >rules <<'NFT'
table inet site {
    comment "kept by hand"
    set allowed {
        type ipv4_addr
        flags interval
        auto-merge
        elements = { 10.0.0.0/8 }
    }
}
NFT
cat >steps <<'SHELL'
add() { nft 'add element inet site allowed { 10.1.0.0/16 }' 2>&1 | sed -n "1s/^/$1: /p"; }
nft -f rules
nft list ruleset >text
nft -j list ruleset >json
add 'as written'
nft flush ruleset
nft -f text
add 'from text'
nft flush ruleset
nft -j -f json
add 'from JSON'
nft list ruleset
SHELL
nft --version
unshare -n sh -eu steps >got
cat got
diff - got <<'WANTED'
from JSON: Error: interval overlaps with an existing one
table inet site {
	set allowed {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8 }
	}
}
WANTED
echo "as found: only the set that came from JSON refuses the address"
