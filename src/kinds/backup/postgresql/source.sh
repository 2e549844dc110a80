# What is particular to a backup of PostgreSQL.
suffix=.sql

# Runs a program of PostgreSQL: as its own account, which the server knows by the socket, or with the credentials.
postgresql() {
    if [ -n "$credentials" ]; then
        PGSERVICEFILE=$credentials PGSERVICE=backup "$@"
    elif command -v runuser >/dev/null; then
        (cd / && runuser -u postgres -- "$@")
    else
        (cd / && su postgres -s /bin/sh -c '"$0" "$@"' -- "$@")
    fi
}

ready() {
    :
}

dump() {
    dump_with postgresql pg_dump
}

exists() {
    found=$(postgresql psql -X -q -A -t -d postgres -c \
        "SELECT count(*) FROM pg_database WHERE datname = E'$(printf '%s\n' "$database" | sed "s/[\\\\']/&&/g")'") || fail "cannot look at the server"
    [ "$found" != 0 ]
}

load() {
    identifier=$(printf '%s\n' "$database" | sed 's/"/""/g')
    postgresql psql -X -q -v ON_ERROR_STOP=1 -d postgres -c "DROP DATABASE IF EXISTS \"$identifier\" WITH (FORCE)" \
        </dev/null >/dev/null &&
        postgresql psql -X -q -v ON_ERROR_STOP=1 -d postgres -f - >/dev/null
}
