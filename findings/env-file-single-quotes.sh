#!/bin/sh
# Values in single quotes in a `.env` file, as two libraries that most programs read it with take them.
#
# In a shell and for systemd nothing inside is special. python-dotenv (docker-compose 1.29, podman-compose and Flask read
# with it) replaces `${NAME}` there too, by nothing where it is not set, and makes one backslash of two. Of an apostrophe
# written as for a shell it makes no variable at all, with a warning, and dotenv of npm all that stands between the
# outermost quotes. In double quotes both keep the backslash of `\$`, and npm's that of `\"` too. Whoever shares one file
# with passwords in it between a shell or a unit, Compose and Node is hit.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet python-dotenv==1.2.4
npm install --silent --no-fund --no-audit --prefix "$work" dotenv@18.0.10
cat >app.env <<'ENV'
BRACES='a${NOT_SET}b'
DOLLAR='a$b'
BACKSLASHES='a\\b'
APOSTROPHE='it'\''s'
QUOTES="say \"hi\""
ESCAPED="a\$b"
ENV
cat >read.py <<'PY'
import dotenv

found = dotenv.dotenv_values("app.env")
for line in open("app.env"):
    name = line.split("=")[0]
    print("python", name, found.get(name, "(no such variable)"))
PY
cat >read.cjs <<'JS'
const found = require("dotenv").parse(require("fs").readFileSync("app.env"));
for (const name in found) console.log("npm", name, found[name]);
JS
venv/bin/pip list 2>/dev/null | grep dotenv
{
    (set -a && . ./app.env && for name in BRACES DOLLAR BACKSLASHES APOSTROPHE QUOTES ESCAPED; do
        printf 'shell %s %s\n' "$name" "$(printenv "$name")"
    done)
    venv/bin/python read.py 2>/dev/null
    node read.cjs
} >got
cat got
diff - got <<'WANTED'
shell BRACES a${NOT_SET}b
shell DOLLAR a$b
shell BACKSLASHES a\\b
shell APOSTROPHE it's
shell QUOTES say "hi"
shell ESCAPED a$b
python BRACES ab
python DOLLAR a$b
python BACKSLASHES a\b
python APOSTROPHE (no such variable)
python QUOTES say "hi"
python ESCAPED a\$b
npm BRACES a${NOT_SET}b
npm DOLLAR a$b
npm BACKSLASHES a\\b
npm APOSTROPHE it'\''s
npm QUOTES say \"hi\"
npm ESCAPED a\$b
WANTED
echo "as found: one file, three readings"
