mysql_find() {
    client=mariadb
    command -v mariadb >/dev/null || client=mysql
}

mysql_refuses() {
    case $1 in *'ERROR 1045 '* | *'ERROR 1698 '*) return 0 ;; esac
    return 1
}

mysql_start() {
    printf '%s\n' "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00';"
}

mysql_run() {
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
    _choose_tls
    case $client.$_tls in
        mariadb.required | mariadb.always)
            # Its --ssl goes on without TLS where the server has none and no certificate is verified.
            case $(printf '\\s\n' | _mysql_connect "$client" --batch --connect-timeout=10 2>/dev/null) in
                *SSL:*'Not in use'*)
                    echo 'ERROR 2026 (HY000): TLS/SSL error: the server does not support it' >&2
                    return 1
                    ;;
            esac
            ;;
    esac
    _mysql_connect "$@"
}

_mysql_connect() {
    _program=$1
    shift
    [ -z "$authority" ] || set -- "--ssl-ca=$authority" "$@"
    [ -z "$port" ] || set -- "--port=$port" --protocol=tcp "$@"
    [ -z "$server" ] || set -- "--host=$server" --protocol=tcp "$@"
    [ -z "$socket" ] || set -- "--socket=$socket" "$@"
    [ -z "$login" ] || set -- "--user=$login" "$@"
    # Since 11.4 a client of MariaDB refuses a server without TLS, over the socket too, unless it need not verify it.
    case $client.$_tls in
        mariadb.) set -- --skip-ssl-verify-server-cert "$@" ;;
        mariadb.plain) set -- --skip-ssl "$@" ;;
        mariadb.always) set -- --ssl "$@" ;;
        mariadb.required) set -- --ssl --skip-ssl-verify-server-cert "$@" ;;
        mariadb.verified) set -- --ssl --ssl-verify-server-cert "$@" ;;
        mysql.plain) set -- --ssl-mode=DISABLED "$@" ;;
        mysql.always | mysql.required) set -- --ssl-mode=REQUIRED "$@" ;;
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
