# What is particular to a backup of Redis.
suffix=.rdb

redis() {
    if [ -n "$credentials" ]; then
        IFS= read -r REDISCLI_AUTH <"$credentials"
        export REDISCLI_AUTH
    fi
    redis-cli --no-auth-warning "$@" </dev/null
}

redis_info() {
    redis INFO persistence | tr -d '\r' | sed -n "s/^$1://p"
}

# Waits until the server has written its file, and says where that is.
redis_save() {
    before=$(redis LASTSAVE) || return
    while said=$(redis BGSAVE); do
        case $said in
            *started* | *scheduled*) break ;;
            *'in progress'*) sleep 1 ;;
            *)
                printf '%s\n' "$said" >&2
                return 1
                ;;
        esac
    done
    while [ "$(redis_info rdb_bgsave_in_progress)" = 1 ]; do
        sleep 1
    done
    if [ "$(redis_info rdb_last_bgsave_status)" != ok ] || [ "$(redis LASTSAVE)" -lt "$before" ]; then
        echo 'the server could not save: look at its log' >&2
        return 1
    fi
}

redis_file() {
    printf '%s/%s\n' "$(redis CONFIG GET dir | sed 1d)" "$(redis CONFIG GET dbfilename | sed 1d)"
}

ready() {
    :
}

dump() {
    redis_save || return
    cat -- "$(redis_file)"
}

is_whole() {
    [ "$(head -c 5 && cat >/dev/null)" = REDIS ]
}

exists() {
    :
}

# The server reads its file when it starts; an append-only log would win over it.
load() {
    if [ "$(redis CONFIG GET appendonly | sed 1d)" != no ]; then
        echo 'the server keeps an append-only log (appendonly), which it would read instead' >&2
        return 1
    fi
    file=$(redis_file)
    for unit in redis-server.service redis.service; do
        if systemctl is-active --quiet "$unit"; then
            owner=$(stat -c %u:%g -- "${file%/*}") && systemctl stop "$unit" && cat >"$file" && chown "$owner" "$file" &&
                systemctl start "$unit"
            return
        fi
    done
    echo 'the server runs in no unit redis-server.service or redis.service' >&2
    return 1
}
