postgresql_find() {
    client=psql
}

postgresql_refuses() {
    case $1 in *'password authentication failed'*) return 0 ;; esac
    return 1
}

# Its options hold after \connect too.
postgresql_start() {
    printf '\n'
}

postgresql_run() {
    _mode=$1
    set -- -X -q -A -t -w -F "$TAB" -v SHOW_CONTEXT=never -f -
    [ "$_mode" = look ] || set -- "$@" -v ON_ERROR_STOP=1
    PGCONNECT_TIMEOUT=10 PSQL_HISTORY=/dev/null PGAPPNAME=infra PGCLIENTENCODING=UTF8
    PGOPTIONS='-c standard_conforming_strings=on -c DateStyle=ISO,YMD -c IntervalStyle=iso_8601 -c TimeZone=UTC'
    PGOPTIONS="$PGOPTIONS -c extra_float_digits=1 -c bytea_output=hex -c client_min_messages=warning"
    export PGCONNECT_TIMEOUT PSQL_HISTORY PGAPPNAME PGCLIENTENCODING PGOPTIONS
    _database=${database:-postgres}
    # Such a name would be read as a connection string (libpq, dbname).
    case $_database in
        *=* | postgres://* | postgresql://*)
            _database="dbname='$(printf '%s\n' "$_database" | sed "s/[\\\\']/\\\\&/g")'"
            ;;
    esac
    postgresql_program psql "$@" -d "$_database"
}

# postgresql_program PROGRAM WORD…: the same for a program of PostgreSQL.
postgresql_program() {
    _program=$1
    shift
    [ -z "$port" ] || set -- -p "$port" "$@"
    if [ -n "$server" ]; then
        set -- -h "$server" "$@"
    elif [ -n "$socket" ]; then
        set -- -h "$socket" "$@"
    elif [ -z "$account$login$password" ] && [ "$(id -u)" = 0 ]; then
        # The server knows its own account by the socket (peer).
        account=postgres
    fi
    [ -z "$login" ] || set -- -U "$login" "$@"
    _choose_tls
    case $_tls in
        plain) export PGSSLMODE=disable ;;
        required | always) export PGSSLMODE=require ;;
        verified) export PGSSLMODE=verify-full ;;
    esac
    [ -z "$authority" ] || export PGSSLROOTCERT="$authority"
    if [ -n "$password" ]; then
        PGPASSWORD=$password "$_program" "$@"
    else
        _as_account "$_program" "$@"
    fi
}
