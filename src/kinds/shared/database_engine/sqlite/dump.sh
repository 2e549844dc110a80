# copy_to COPY: copies $database, which may be in use, and looks whether the copy is sound; messages go to standard error.
copy_to() {
    (cd -- "${1%/*}" && sqlite3 -batch -bail -init /dev/null -cmd '.timeout 30000' "$database" ".backup main '${1##*/}'") || return
    found=$(sqlite3 -batch -init /dev/null "$1" 'PRAGMA quick_check' 2>&1)
    [ "$found" = ok ] || {
        echo "$database is damaged: $found" >&2
        return 1
    }
}

# Says whether the copy on standard input is all there.
is_whole() {
    [ "$(head -c 15 && cat >/dev/null)" = 'SQLite format 3' ]
}
