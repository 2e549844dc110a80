# Runs the client of a database engine. Put before programs that talk to a server.

# read_connection ROW: takes the ten fields of a connection from a row, and $sql and $lines that follow them. While a
# password is being rotated, the one before is a second line of its field.
read_connection() {
    split_row "$1"
    engine=$f1 account=$f2 login=$f3 socket=$f5 server=$f6 port=$f7 tls=$f8 authority=$f9
    decode "$f4" && password=${decoded%%"$NL"*} previous=
    case $decoded in *"$NL"*) previous=${decoded#*"$NL"} ;; esac
    decode "$f10" && database=$decoded
    decode "$f11" && sql=$decoded
    lines=$f12
    case $engine in
        mysql)
            client=mariadb
            command -v mariadb >/dev/null || client=mysql
            ;;
        postgresql) client=psql ;;
        sqlite) client=sqlite3 ;;
    esac
}

# choose_password: takes the password before, while it is being rotated and the server does not know the new one yet.
choose_password() {
    [ -n "$previous" ] || return 0
    _refused=$(printf 'SELECT 1;\n' | (database='' && run_client look) 2>&1 >/dev/null)
    case $_refused in
        *'ERROR 1045 '* | *'ERROR 1698 '* | *'password authentication failed'*) password=$previous ;;
    esac
    previous=
}

# The first line that a client reads: what a session is like, whatever the server's settings are.
session_start() {
    case $engine in
        mysql) printf '%s\n' "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00';" ;;
        # Its options hold after \connect too.
        postgresql) printf '\n' ;;
        sqlite) printf '%s\n' "PRAGMA foreign_keys=ON;" ;;
    esac
}

# run_client MODE: feeds standard input to the client. Rows come on standard output, their values separated by tabs;
# complaints on standard error. Modes: "look" goes on after an error and changes nothing, "change" stops at the first,
# "converse" does too and answers each statement at once.
run_client() {
    case $engine in
        mysql) _run_mysql "$1" ;;
        postgresql) _run_psql "$1" ;;
        sqlite) _run_sqlite "$1" ;;
    esac
}

_run_mysql() {
    _mode=$1
    set -- --batch --raw --skip-column-names --binary-mode --comments --quick --no-auto-rehash --skip-reconnect \
        --connect-timeout=10 --default-character-set=utf8mb4
    case $_mode in
        look) set -- "$@" --force ;;
        converse) set -- "$@" --unbuffered ;;
    esac
    [ -z "$database" ] || set -- "$@" "--database=$database"
    MYSQL_HISTFILE=/dev/null
    export MYSQL_HISTFILE
    mysql_program "$client" "$@"
}

# mysql_program PROGRAM WORD…: runs a program of MySQL, told before its words how to reach the server and how to log in.
mysql_program() {
    _program=$1
    shift
    [ -z "$authority" ] || set -- "--ssl-ca=$authority" "$@"
    [ -z "$port" ] || set -- "--port=$port" --protocol=tcp "$@"
    [ -z "$server" ] || set -- "--host=$server" --protocol=tcp "$@"
    [ -z "$socket" ] || set -- "--socket=$socket" "$@"
    [ -z "$login" ] || set -- "--user=$login" "$@"
    case $client.$tls in
        mariadb.required) set -- --ssl --skip-ssl-verify-server-cert "$@" ;;
        mariadb.verified) set -- --ssl --ssl-verify-server-cert "$@" ;;
        mysql.required) set -- --ssl-mode=REQUIRED "$@" ;;
        mysql.verified) set -- --ssl-mode=VERIFY_IDENTITY "$@" ;;
    esac
    if [ -z "$password" ]; then
        _as_account "$_program" "$@"
        return
    fi
    # What the host sets for all clients comes first; an account's own file, which would win, is not read.
    {
        {
            for _file in /etc/my.cnf /etc/mysql/my.cnf; do
                [ ! -r "$_file" ] || printf '!include %s\n' "$_file"
            done
            printf '[client]\npassword="%s"\n' "$password"
        } | "$_program" --defaults-file=/dev/fd/9 "$@" 9<&0 <&8 8<&-
    } 8<&0
}

_run_psql() {
    _mode=$1
    set -- -X -q -A -t -w -F "$TAB" -v VERBOSITY=terse -f -
    [ "$_mode" = look ] || set -- "$@" -v ON_ERROR_STOP=1
    PGCONNECT_TIMEOUT=10 PSQL_HISTORY=/dev/null PGAPPNAME=infra PGCLIENTENCODING=UTF8
    PGOPTIONS='-c standard_conforming_strings=on -c DateStyle=ISO,YMD -c IntervalStyle=iso_8601 -c TimeZone=UTC'
    PGOPTIONS="$PGOPTIONS -c extra_float_digits=1 -c bytea_output=hex -c client_min_messages=warning"
    export PGCONNECT_TIMEOUT PSQL_HISTORY PGAPPNAME PGCLIENTENCODING PGOPTIONS
    postgresql_program psql "$@" -d "${database:-postgres}"
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
    case $tls in
        required) export PGSSLMODE=require ;;
        verified) export PGSSLMODE=verify-full ;;
    esac
    [ -z "$authority" ] || export PGSSLROOTCERT="$authority"
    if [ -n "$password" ]; then
        PGPASSWORD=$password "$_program" "$@"
    else
        _as_account "$_program" "$@"
    fi
}

_run_sqlite() {
    case $1 in
        look) set -- -readonly ;;
        *) set -- -bail ;;
    esac
    _as_account sqlite3 -batch -init /dev/null "$@" -noheader -list -separator "$TAB" -cmd '.timeout 10000' "$database"
}

# Runs a program as $account, itself where that is empty; standard input is its own.
_as_account() {
    if [ -z "$account" ]; then
        "$@"
    elif [ "$(id -u)" != 0 ]; then
        sudo -n -H -u "$account" -- "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$account" -- "$@"
    else
        su -s "$SH" "$account" -c 'exec "$0" "$@"' "$@"
    fi
}
