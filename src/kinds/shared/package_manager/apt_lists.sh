# True where the lists are missing, older than a day, or older than the sources they come from.
apt_is_stale() {
    case $(find /var/lib/apt/lists -maxdepth 1 -type f -name '*_*' 2>/dev/null) in '') return 0 ;; esac
    [ -z "$(find /var/lib/apt/lists -maxdepth 0 -mmin -1440)" ] && return 0
    [ -n "$(find /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/keyrings -newer /var/lib/apt/lists 2>/dev/null)" ]
}
