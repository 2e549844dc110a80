# Record: name, then its values. One process, awk; uname and id only where /proc or /etc/passwd do not tell.
optional='apk apt-get bash busybox crontab curl dnf docker dpkg-query firewall-cmd git groupadd ip iptables journalctl
mariadb mysql nft npm openssl pacman psql python3 rc-service redis-cli rpm rsync runuser snap ss su sudo systemctl ufw
useradd wget yum zypper'
IFS=" $NL"
for tool in $optional; do
    if command -v "$tool" >/dev/null 2>&1; then
        printf '%s\n' "$R${US}0${US}tool$US$tool"
    fi
done
files=
for file in /etc/os-release /proc/cpuinfo /proc/meminfo /proc/sys/kernel/hostname /proc/net/route /proc/net/fib_trie \
    /proc/net/if_inet6 /proc/sys/kernel/ostype /proc/sys/kernel/osrelease /proc/sys/kernel/arch /etc/passwd; do
    if [ -r "$file" ]; then
        files="$files $file"
    fi
done
[ -r /etc/os-release ] || files="$files /usr/lib/os-release"
# The host's own addresses are in fib_trie, a line after each: a block that says "host LOCAL".
awk -v r="$R" -v OFS="$US" -v quote="'" -v uid="$uid" '
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
    FILENAME ~ /^\/proc\/sys\/kernel\/(ostype|osrelease|arch)$/ { told[FILENAME] = $1 }
    FILENAME == "/etc/passwd" && account == "" && split($0, field, ":") > 2 && field[3] == uid { account = field[1] }
    END {
        fact("cpus", cpus)
        kernel = "/proc/sys/kernel/"
        if ((kernel "arch") in told)
            fact("uname", told[kernel "ostype"] " " told[kernel "osrelease"] " " told[kernel "arch"])
        if (account != "") fact("id", "uid=" uid "(" account ")")
    }
' $files </dev/null
IFS=$NL
[ ! -d /run/systemd/system ] || emit 0 init systemd
[ -r /proc/sys/kernel/arch ] || emit 0 uname "$(uname -srm)"
while IFS=: read -r _name _password _uid _rest; do
    [ "$_uid" != "$uid" ] || break
done </etc/passwd 2>/dev/null
[ "$_uid" = "$uid" ] || emit 0 id "$(id)"
