#!/bin/sh
# files.line of pyinfra, for a line that is part of another one.
#
# The line is a pattern, and it may have anything before and behind it: `#PermitRootLogin no` counts as `PermitRootLogin
# no`, and `210.0.0.1 app2` as `10.0.0.1 app`. No line is added, and the operation says that nothing was to do.
# Ansible's lineinfile, given the same `line`, compares whole lines. With `^` before it and `$` behind it, it is added.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyinfra==3.10.0
printf '#PermitRootLogin no\n' >sshd_config
printf '210.0.0.1 app2\n' >hosts
printf '#PermitRootLogin no\n' >anchored
cat >deploy.py <<'PY'
from pyinfra.operations import files

files.line(name="sshd_config", path="sshd_config", line="PermitRootLogin no")
files.line(name="hosts", path="hosts", line="10.0.0.1 app")
files.line(name="anchored", path="anchored", line="^PermitRootLogin no$", replace="PermitRootLogin no")
PY
venv/bin/pyinfra --version
{
    venv/bin/pyinfra --yes @local deploy.py 2>&1 |
        sed -n "/^--> Starting operation: /{s///;s/ *$/:/;N;s/\n *\[@local\]//;p;}"
    tail -n 1 sshd_config hosts anchored
} >got
cat got
diff - got <<'WANTED'
sshd_config: No changes
hosts: No changes
anchored: Success
==> sshd_config <==
#PermitRootLogin no

==> hosts <==
210.0.0.1 app2

==> anchored <==
PermitRootLogin no
WANTED
echo "as found: a comment counts as the setting, and another host's line as this host's"
