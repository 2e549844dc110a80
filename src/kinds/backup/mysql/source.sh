# What is particular to a backup of MySQL or MariaDB: the ending of its files; ready, dump, exists and load; and is_whole, which says
# whether a dump on standard input is all there.
suffix=.sql

mysql_client() {
    program=$1
    shift
    # Over the socket; since 11.4 a program of MariaDB refuses a server without TLS there too, unless it need not verify it.
    case $program.$credentials in mariadb*.) set -- --skip-ssl-verify-server-cert "$@" ;; esac
    "$program" ${credentials:+"--defaults-extra-file=$credentials"} --default-character-set=utf8mb4 "$@"
}

# The first of several programs that is there.
first() {
    for program do
        if command -v "$program" >/dev/null; then
            printf '%s\n' "$program"
            return
        fi
    done
    fail "the program $1 is not on the host"
}

# ready CONSEQUENCE: does what comes before a dump.
ready() {
    :
}

# Writes the data to standard output.
dump() {
    program=$(first mariadb-dump mysqldump) || return
    dump_with mysql_client "$program"
}

# Says whether there is anything that a restore would overwrite.
exists() {
    program=$(first mariadb mysql) || exit
    # Whether a backslash escapes depends on the server; in hexadecimal there is none.
    bytes=$(printf %s "$database" | od -A n -v -t x1 | tr -d ' \n')
    found=$(mysql_client "$program" --batch --skip-column-names --execute \
        "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = _utf8mb4 X'$bytes'") || fail "cannot look at the server"
    [ "$found" != 0 ]
}

# Puts the unpacked backup on standard input in the place of what is there.
load() {
    program=$(first mariadb mysql) || return
    {
        # shellcheck disable=SC2016 # These are MySQL's quotes.
        printf 'DROP DATABASE IF EXISTS `%s`;\n' "$(printf '%s\n' "$database" | sed 's/`/``/g')"
        cat
    } | mysql_client "$program" --batch --binary-mode
}
