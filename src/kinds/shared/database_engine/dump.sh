# What a dump is made of, and how one can be told from a part of one. $engine and $database say what is dumped; messages
# go to standard error.

# dump_of_mysql WORD…: the words begin a command that reaches the server and logs in.
dump_of_mysql() {
    "$@" --single-transaction --quick --routines --triggers --events --hex-blob --no-tablespaces --databases "$database"
}

dump_of_postgresql() {
    "$@" --create --no-password --dbname="$database"
}

# copy_sqlite COPY: copies a database that may be in use, and looks whether the copy is sound.
copy_sqlite() {
    (cd -- "${1%/*}" && sqlite3 -batch -bail -init /dev/null -cmd '.timeout 30000' "$database" ".backup main '${1##*/}'") || return
    found=$(sqlite3 -batch -init /dev/null "$1" 'PRAGMA quick_check' 2>&1)
    [ "$found" = ok ] || {
        echo "$database is damaged: $found" >&2
        return 1
    }
}

# Says whether the dump on standard input is all there.
is_whole() {
    case $engine in
        mysql) tail -n 3 | grep -q '^-- Dump completed' ;;
        postgresql) tail -n 8 | grep -q '^-- PostgreSQL database dump complete' ;;
        sqlite) [ "$(head -c 15 && cat >/dev/null)" = 'SQLite format 3' ] ;;
        redis) [ "$(head -c 5 && cat >/dev/null)" = REDIS ] ;;
        *) tar --list --file=- >/dev/null ;;
    esac
}
