#!/bin/sh
# A `#` inside a value of an Ansible inventory in INI form.
#
# On a host's line it begins a comment, in the middle of a word too: the value ends there, and what else stands on the
# line (here the port) is gone, without a warning. In a `:vars` section nothing begins a comment: there the whole rest of
# the line is the value. The same line moved from one place to the other means something else.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet ansible-core==2.19.14
cat >"$work/hosts" <<'INI'
web01 token=ab#cd ansible_port=2200

[web]
web01

[web:vars]
group_token=ab#cd
note=a # b
INI
export ANSIBLE_LOCAL_TEMP="$work/tmp" ANSIBLE_HOME="$work/home"
"$work/venv/bin/ansible-inventory" --version >"$work/version"
head -1 "$work/version"
"$work/venv/bin/ansible-inventory" -i "$work/hosts" --host web01 | tee "$work/got"
diff - "$work/got" <<'WANTED'
{
    "group_token": "ab#cd",
    "note": "a # b",
    "token": "ab"
}
WANTED
echo "as found: the token is cut and the port is lost on the host's line, and neither happens in the section"
