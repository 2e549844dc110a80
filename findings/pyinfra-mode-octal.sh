#!/bin/sh
# The mode of a file in pyinfra, written as Python writes octal numbers.
#
# `mode=0o640` is the number 416, of which pyinfra takes the decimal digits: `chmod 416`, so that the owner may only
# read and everybody else may write. os.chmod takes the same number as rw-r-----. The text "640" and the number 640 are
# what it wants.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyinfra==3.10.0
cat >deploy.py <<'PY'
import os
from pyinfra.operations import files

files.file(path="octal", mode=0o640)
files.file(path="number", mode=640)
files.file(path="text", mode="640")
open("python", "w").close()
os.chmod("python", 0o640)
PY
venv/bin/pyinfra --version
venv/bin/pyinfra --yes @local deploy.py >log 2>&1
stat -c '%n %A' octal number text python >got
cat got
diff - got <<'WANTED'
octal -r----xrw-
number -rw-r-----
text -rw-r-----
python -rw-r-----
WANTED
echo "as found: 0o640 is the mode 416"
