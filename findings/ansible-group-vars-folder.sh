#!/bin/sh
# A file and a folder of variables for one group, in Ansible.
#
# Somebody who has group_vars/all.yml and adds group_vars/all/vault.yml beside it expects both to be read. Only the
# folder is: of `all`, `all.yml`, `all.yaml` and `all.json` the first that is there ends the search, and nothing says
# that the others were passed over. So db.yml hides db.yaml, too, and it is the same for host_vars.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ansible-core==2.19.14
export ANSIBLE_HOME="$work/ansible"
mkdir -p group_vars/all
echo 'from_file: true' >group_vars/all.yml
echo 'from_folder: true' >group_vars/all/vault.yml
echo 'db_yml: true' >group_vars/db.yml
echo 'db_yaml: true' >group_vars/db.yaml
printf '[db]\ndb1\n' >inventory
venv/bin/ansible --version | sed -n 1p
{
    venv/bin/ansible-inventory -i inventory --host db1
    mv group_vars/all group_vars/kept
    mv group_vars/db.yml group_vars/kept/
    venv/bin/ansible-inventory -i inventory --host db1
} >got
cat got
diff - got <<'WANTED'
{
    "db_yml": true,
    "from_folder": true
}
{
    "db_yaml": true,
    "from_file": true
}
WANTED
echo "as found: the file beside a folder of its name is read only once the folder is gone"
