# What is particular to a backup of SQLite.
suffix=.sqlite

ready() {
    [ -f "$database" ] || fail "there is no database $database$1"
    copy_to "$dir/$copy" || fail "the database could not be copied into $dir$1"
}

dump() {
    cat -- "$dir/$copy"
}

exists() {
    [ -s "$database" ]
}

load() {
    cat >"$dir/$copy" &&
        (cd -- "$dir" && sqlite3 -batch -bail -init /dev/null -cmd '.timeout 30000' "$database" ".restore main $copy")
}
