sqlite_find() {
    client=sqlite3
}

sqlite_refuses() {
    return 1
}

sqlite_start() {
    printf '%s\n' "PRAGMA foreign_keys=ON;"
}

sqlite_run() {
    case $1 in
        look) set -- -readonly ;;
        *) set -- -bail ;;
    esac
    _as_account sqlite3 -batch -init /dev/null "$@" -noheader -list -separator "$TAB" -cmd '.timeout 10000' "$database"
}
