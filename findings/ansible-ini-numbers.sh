#!/bin/sh
# Words of an Ansible inventory in INI form that are taken for Python's numbers.
#
# A value is read as a Python literal where it is one. An abbreviated commit such as 1234567e8 is a float then, and
# digits with underscores lose them; 007, which is no literal of Python 3, stays text. In YAML form the commit stays text.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet ansible-core==2.19.14
printf 'web01 commit=1234567e8 build=2024_11 unit=007 ids={1,2}\n' >"$work/hosts"
printf 'all:\n  hosts:\n    web01: { commit: 1234567e8, build: 2024_11, unit: 007 }\n' >"$work/hosts.yaml"
export ANSIBLE_LOCAL_TEMP="$work/tmp" ANSIBLE_HOME="$work/home"
"$work/venv/bin/ansible-inventory" --version >"$work/version"
head -1 "$work/version"
for file in hosts hosts.yaml; do
    "$work/venv/bin/ansible-inventory" -i "$work/$file" --host web01 | tr -d ' \n'
    echo
done >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
{"build":202411,"commit":123456700000000.0,"ids":[1,2],"unit":"007"}
{"build":202411,"commit":"1234567e8","unit":7}
WANTED
echo "as found: the commit is a number in INI only, 007 one in YAML only, and 2024_11 in both"
