#!/bin/sh
# Texts that Ansible writes into a YAML file with to_nice_yaml, and what readers of today's YAML take them for.
#
# The filter quotes a text where YAML 1.1, as PyYAML reads it, would see something else: "0123" (octal) and "12:30" get
# quotes. "08123" is no octal number and "12e4" no float there, so they get none. For readers of YAML 1.2, such as npm's two
# libraries, they are the numbers 8123 and 120000: a postcode, a password of digits or an abbreviated commit comes out as
# something else in the program that the file is for.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ansible-core==2.19.14
npm install --silent --no-fund --no-audit --prefix "$work" js-yaml@5.5.0 yaml@2.9.1
cat >play.yaml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    texts: { postcode: "08123", octal: "0123", time: "12:30", account: "12e4", mode: "0o644" }
  tasks:
    - copy: { dest: "{{ playbook_dir }}/written.yaml", content: "{{ texts | to_nice_yaml }}" }
YAML
export ANSIBLE_LOCAL_TEMP="$work/tmp" ANSIBLE_REMOTE_TEMP="$work/tmp" ANSIBLE_HOME="$work/home"
venv/bin/ansible-playbook --version | head -1
venv/bin/ansible-playbook -i localhost, play.yaml >log 2>&1 || { cat log; exit 1; }
cat >read.cjs <<'JS'
const text = require("fs").readFileSync("written.yaml", "utf8");
console.log("js-yaml", JSON.stringify(require("js-yaml").load(text)));
console.log("yaml   ", JSON.stringify(require("yaml").parse(text)));
JS
{
    cat written.yaml
    node read.cjs
    venv/bin/python -c 'import json, yaml; print("PyYAML ", json.dumps(yaml.safe_load(open("written.yaml")), separators=(",", ":")))'
} >got
cat got
diff - got <<'WANTED'
account: 12e4
mode: 0o644
octal: '0123'
postcode: 08123
time: '12:30'
js-yaml {"account":120000,"mode":420,"octal":"0123","postcode":8123,"time":"12:30"}
yaml    {"account":120000,"mode":420,"octal":"0123","postcode":8123,"time":"12:30"}
PyYAML  {"account":"12e4","mode":"0o644","octal":"0123","postcode":"08123","time":"12:30"}
WANTED
echo "as found: three texts are numbers for npm's libraries"
