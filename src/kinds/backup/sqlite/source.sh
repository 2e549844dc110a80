# What is particular to a backup of SQLite.
suffix=.sqlite

ready() {
    [ -f "$database" ] || fail "there is no database $database$1"
    copy_to "$copy" || fail "the database could not be copied into $dir$1"
}

dump() {
    cat -- "$copy"
}

exists() {
    [ -s "$database" ]
}

load() {
    cat >"$copy" &&
        (cd -- "${copy%/*}" && sqlite3 -batch -bail -init /dev/null -cmd '.timeout 30000' "$database" ".restore main ${copy##*/}")
}
