# dump_database FOLDER NAME: dumps the database of a connection into a folder, under a temporary name until it is whole. Sets
# $dumped to the file; false where it cannot, with the reason in $wrong.
dump_database() {
    dumped=$1/$2-$(date -u +%Y%m%dT%H%M%SZ)-before-migration new=$1/.$2-$$.new wrong=
    case $engine in
        sqlite) dumped=$dumped.sqlite.gz ;;
        *) dumped=$dumped.sql.gz ;;
    esac
    if ! message=$(umask 077; mkdir -p -- "$1" 2>&1 && rm -f -- "$new" && : 2>&1 >"$new"); then
        wrong="cannot write to $1: $message"
        return 1
    fi
    said=$({ { make_dump 3>&- || echo "$R dump" >&3; } | { gzip -c 3>&- >"$new" || echo "$R write" >&3; }; } \
        3>&1 2>&3 6>&- 7>&- </dev/null)
    case $said in
        '') ;;
        *"$R write"* | *'disk is full'*) wrong="cannot write to $1: is the disk full?" ;;
        *) wrong="the dump failed: ${said%%"$NL$R"*}" ;;
    esac
    if [ -z "$wrong" ] && ! { gzip -t -- "$new" && gzip -d -c <"$new" | is_whole; } 2>/dev/null; then
        wrong="the dump in $1 is not whole"
    fi
    if [ -z "$wrong" ]; then
        { { sync -- "$new" 2>/dev/null || sync; } && mv -f -T -- "$new" "$dumped"; } 2>/dev/null || wrong="cannot write to $1"
    fi
    rm -f -- "$new" "$new.copy"
    [ -z "$wrong" ]
}

# Says whether the dump on standard input is all there.
is_whole() {
    case $engine in
        mysql) tail -n 3 | grep -q '^-- Dump completed' ;;
        postgresql) tail -n 8 | grep -q '^-- PostgreSQL database dump complete' ;;
        sqlite) [ "$(head -c 15 && cat >/dev/null)" = 'SQLite format 3' ] ;;
    esac
}

# Writes a dump to standard output, by the way that run_client goes.
make_dump() {
    case $engine in
        mysql) dump_mysql ;;
        postgresql) dump_postgresql ;;
        sqlite)
            # Where nothing is there yet, nothing can be lost.
            (umask 077; : >"$new.copy") || return
            (cd -- "${new%/*}" && sqlite3 -batch -bail -init /dev/null -cmd '.timeout 30000' "$database" ".backup main '${new##*/}.copy'") &&
                found=$(sqlite3 -batch -init /dev/null "$new.copy" 'PRAGMA quick_check') || return
            if [ "$found" != ok ]; then
                echo "$database is damaged: $found" >&2
                return 1
            fi
            cat -- "$new.copy"
            ;;
    esac
}

dump_mysql() {
    dumper=mariadb-dump
    command -v mariadb-dump >/dev/null || dumper=mysqldump
    mysql_program "$dumper" --single-transaction --quick --routines --triggers --events --hex-blob --no-tablespaces \
        --default-character-set=utf8mb4 --databases "$database"
}

dump_postgresql() { postgresql_program pg_dump --create --no-password -d "$database"; }
