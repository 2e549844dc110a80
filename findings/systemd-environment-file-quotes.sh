#!/bin/sh
# Quotes in an EnvironmentFile= of systemd, which systemd.exec(5) describes as those of a POSIX shell.
#
# A closing quote does not end the value. A comment behind it becomes part of it, less its first blanks: `TOKEN="" # none
# yet` is the text "# none yet", where a shell and readers of dotenv files have an empty one. And a quote that follows a
# character behind it is an ordinary one, so the usual way to write an apostrophe for a shell, `'it'\''s'`, is `it''s'`;
# with the apostrophe in double quotes it works. Whoever shares a file between a unit and a shell, Compose or PM2 is hit.
# Read here by the function that EnvironmentFile= calls.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/app.env" <<'ENV'
TOKEN="" # none yet
GREETING="hello" # for the page
APOSTROPHE='it'\''s'
DOUBLE='it'"'"'s'
TWICE='a' 'b'
JOINED="a b"/c
ENV
cat >"$work/read.py" <<'PY'
import ctypes, glob, sys

(path,) = glob.glob("/usr/lib/*/systemd/libsystemd-shared-252.so")
values = ctypes.POINTER(ctypes.c_char_p)()
if ctypes.CDLL(path).load_env_file(None, sys.argv[1].encode(), ctypes.byref(values)) < 0:
    sys.exit("cannot be read")
for value in values:
    if value is None:
        break
    print(value.decode())
PY
systemctl --version | head -1
python3 "$work/read.py" "$work/app.env" >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
TOKEN=# none yet
GREETING=hello# for the page
APOSTROPHE=it''s'
DOUBLE=it's
TWICE=ab
JOINED=a b/c
WANTED
echo "as found: what stands behind a closing quote belongs to the value"
