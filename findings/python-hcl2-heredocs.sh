#!/bin/sh
# What python-hcl2 makes of texts and numbers of HCL.
#
# By default a text keeps its quotes and escapes, and a heredoc its markers and indentation. With both options that undo
# this, a heredoc lacks the newline that its last line ends with in HCL, and a number with an exponent is the text of an
# expression, beside one without that is a number.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet python-hcl2==8.1.4
cat >"$work/main.tf" <<'HCL'
motd = <<-EOT
    one
      two
    EOT
sign = "\u00e9\t"
wait = 1e3
rate = 1500
HCL
cat >"$work/read.py" <<'PYTHON'
import sys, hcl2
for options in (hcl2.SerializationOptions(), hcl2.SerializationOptions(preserve_heredocs=False, strip_string_quotes=True)):
    with open(sys.argv[1]) as file:
        for name, value in hcl2.load(file, serialization_options=options).items():
            print(name, ascii(value))
PYTHON
"$work/venv/bin/pip" list 2>/dev/null | grep hcl2
"$work/venv/bin/python" "$work/read.py" "$work/main.tf" >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
motd '"<<-EOT\n    one\n      two\n    EOT"'
sign '"\\u00e9\\t"'
wait '${1e3}'
rate 1500
motd 'one\n  two'
sign '\xe9\t'
wait '${1e3}'
rate 1500
WANTED
echo "as found: the last newline of a heredoc is gone, and 1e3 is a text"
