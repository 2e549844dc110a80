#!/bin/sh
# The status of `sarif --check error`, by which a pipeline fails.
#
# It is the number of findings, of which a shell sees the last eight bits: with 256 errors the command says that it
# exits with 256, and the pipeline is green. Findings that were accepted (`suppressions`) and those that are gone
# (`baselineState: absent`) count like the others.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet sarif-tools==3.0.5
cat >make.py <<'PY'
import json, sys

tool = {"driver": {"name": "lint", "rules": [{"id": "R1"}]}}
finding = {"ruleId": "R1", "level": "error", "message": {"text": "found"}}
extra = json.loads(sys.argv[2])
run = {"tool": tool, "results": [finding | extra for _ in range(int(sys.argv[1]))]}
json.dump({"version": "2.1.0", "runs": [run]}, open("lint.sarif", "w"))
PY
try() {
    python3 make.py "$@"
    status=0
    venv/bin/sarif --check error summary lint.sarif >out 2>&1 || status=$?
    echo "$*: status $status"
}
venv/bin/sarif --version
{
    try 255 '{}'
    try 256 '{}'
    grep Check out
    try 257 '{}'
    try 1 '{"suppressions": [{"kind": "external", "status": "accepted"}]}'
    try 1 '{"baselineState": "absent"}'
} >got
cat got
diff - got <<'WANTED'
255 {}: status 255
256 {}: status 0
Check: exiting with return code 256 due to issues at or above error severity
257 {}: status 1
1 {"suppressions": [{"kind": "external", "status": "accepted"}]}: status 1
1 {"baselineState": "absent"}: status 1
WANTED
echo "as found: 256 errors are none"
