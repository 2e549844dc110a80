# Record: name, then its values. Three processes: awk, uname and id.
required='awk base64 cat chmod chown cp dd env id ln mkdir mv printf rm rmdir sed setsid sha256sum sleep stat sync tar tr
uname xargs'
optional='apk apt-get bash busybox crontab curl dnf docker dpkg-query firewall-cmd git groupadd ip iptables journalctl
mariadb mysql nft npm openssl pacman psql python3 rc-service redis-cli rpm rsync runuser snap ss su sudo systemctl ufw
useradd wget yum zypper'
IFS=" $NL"
for tool in $required; do
    command -v "$tool" >/dev/null 2>&1 || printf '%s\n' "$R${US}0${US}missing$US$tool"
done
for tool in $optional; do
    if command -v "$tool" >/dev/null 2>&1; then
        printf '%s\n' "$R${US}0${US}tool$US$tool"
    fi
done
files=
for file in /etc/os-release /proc/cpuinfo /proc/meminfo /proc/sys/kernel/hostname /proc/net/route /proc/net/fib_trie \
    /proc/net/if_inet6; do
    if [ -r "$file" ]; then
        files="$files $file"
    fi
done
[ -r /etc/os-release ] || files="$files /usr/lib/os-release"
# The host's own addresses are in fib_trie, a line after each: a block that says "host LOCAL".
awk -v r="$R" -v OFS="$US" -v quote="'" '
    function fact(name, value, more) {
        if (more != "") print r, 0, name, value, more
        else if (value != "") print r, 0, name, value
    }
    FILENAME ~ /os-release$/ {
        at = index($0, "=")
        name = substr($0, 1, at - 1)
        value = substr($0, at + 1)
        mark = substr(value, 1, 1)
        if (length(value) > 1 && (mark == "\"" || mark == quote)) value = substr(value, 2, length(value) - 2)
        if (name == "ID" || name == "ID_LIKE" || name == "VERSION_ID" || name == "VERSION_CODENAME")
            fact("os." name, value)
    }
    FILENAME == "/proc/cpuinfo" && $1 == "processor" { cpus++ }
    FILENAME == "/proc/meminfo" && ($1 == "MemTotal:" || $1 == "SwapTotal:") { fact($1, $2) }
    FILENAME == "/proc/sys/kernel/hostname" { fact("hostname", $1) }
    FILENAME == "/proc/net/route" && $2 ~ /^[0-9A-F]+$/ { fact("route", $1, $2 OFS $8) }
    FILENAME == "/proc/net/fib_trie" && $1 == "|--" { address = $2 }
    FILENAME == "/proc/net/fib_trie" && $1 == "/32" && $3 == "LOCAL" && !seen[address]++ { fact("local", address) }
    FILENAME == "/proc/net/if_inet6" && $4 == "00" { fact("inet6", $6, $1) }
    END { fact("cpus", cpus) }
' $files </dev/null
IFS=$NL
[ ! -d /run/systemd/system ] || emit 0 init systemd
emit 0 uname "$(uname -srm)"
emit 0 id "$(id)"
