#!/bin/sh
# A range of hosts in Ansible's inventory, and the same words behind --limit.
#
# In an inventory `web[01:03]` is web01, web02 and web03. As a pattern (--limit, `hosts:`, the first word of `ansible`)
# it is the members 1 to 3 of the group `web`, counted from 0: web02, web03 and web04, and nothing is said. Where there
# is no group of that name, it is no host at all.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ansible-core==2.19.14
export ANSIBLE_HOME="$work/ansible"
printf '[web]\nweb[01:03]\n' >three
printf '[web]\nweb[01:10]\n' >ten
printf '[front]\nweb[01:10]\n' >front
hosts() { venv/bin/ansible --list-hosts "$@" 2>/dev/null | sed '1d; s/^ *//' | tr '\n' ' '; }
venv/bin/ansible --version | sed -n 1p
{
    echo "inventory: $(hosts -i three all)"
    echo "limit: $(hosts -i ten all --limit 'web[01:03]')"
    echo "no group: $(hosts -i front all --limit 'web[01:03]')"
} >got
cat got
diff - got <<'WANTED'
inventory: web01 web02 web03 
limit: web02 web03 web04 
no group: 
WANTED
echo "as found: web[01:03] is web01 to web03 in the inventory, and web02 to web04 as a limit"
