#!/bin/sh
# ini.set_option of Salt, which is also what its state ini.options_present calls, on files where a key stands several times.
#
# php.ini loads each of its extensions by a line of the same key, and a unit of systemd has several ExecStartPre=. Salt reads
# the file into a mapping, of each such key keeps the last line only, and writes the whole file from that, so setting one
# option takes other lines away. What it reports as changes is the one option. Blanks around `=` are put everywhere.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet salt==3007.16
printf 'root_dir: %s/root\nfile_client: local\nlog_level: quiet\n' "$work" >minion
printf '[PHP]\nmemory_limit=128M\nextension=curl\nextension=intl\n' >php.ini
printf '[Service]\nExecStartPre=/usr/bin/first\nExecStartPre=/usr/bin/second\nExecStart=/usr/bin/app\n' >app.service
salt="venv/bin/salt-call --local --config-dir=$work --out=json --out-indent=-1"
venv/bin/salt-call --version
{
    $salt ini.set_option "$work/php.ini" '{PHP: {memory_limit: 256M}}'
    cat php.ini
    $salt ini.set_option "$work/app.service" '{Service: {User: web}}'
    cat app.service
} 2>/dev/null >got
cat got
diff - got <<'WANTED'
{"local": {"PHP": {"memory_limit": {"before": "128M", "after": "256M"}}}}
[PHP]
memory_limit = 256M
extension = intl
{"local": {"Service": {"User": {"before": null, "after": "web"}}}}
[Service]
ExecStartPre = /usr/bin/second
ExecStart = /usr/bin/app
User = web
WANTED
echo "as found: curl and the first ExecStartPre are gone"
