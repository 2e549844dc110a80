#!/bin/sh
# `yq -y` of PyPI, on a playbook written for YAML 1.1.
#
# yq reads YAML with PyYAML, and so does Ansible, for which `mode: 0644` is an octal number (420) and `yes` is true. yq reads
# the same words by YAML 1.2: `0644` is 644, and is written back as `mode: 644`, which Ansible takes for the octal mode 1204;
# `yes` is a text, and is written back in quotes. `yq -y -i` does so in all places of the file that the filter does not touch,
# too. A number of more than 17 digits is rounded, by jq.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq jq libjq1 libonig5
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" PATH="$work/root/usr/bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet yq==4.4.5 pyyaml==6.0.2
cat >tasks.yaml <<'YAML'
name: app.conf
mode: 0644
backup: yes
serial: 20260101123456789012
YAML
venv/bin/yq --version
jq --version
venv/bin/python -c 'import yaml; print(yaml.safe_load(open("tasks.yaml")))' >got
venv/bin/yq -y -i '.name = "web.conf"' tasks.yaml
cat tasks.yaml >>got
venv/bin/python -c 'import yaml; print(yaml.safe_load(open("tasks.yaml")))' >>got
cat got
diff - got <<'WANTED'
{'name': 'app.conf', 'mode': 420, 'backup': True, 'serial': 20260101123456789012}
name: web.conf
mode: 644
backup: 'yes'
serial: 20260101123456790000
{'name': 'web.conf', 'mode': 644, 'backup': 'yes', 'serial': 20260101123456790000}
WANTED
echo "as found: another mode, a text for true and another number, in lines that the filter does not name"
