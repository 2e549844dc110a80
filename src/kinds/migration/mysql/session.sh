# How a session of the client goes, and how the database is dumped; what apply.sh and dump.sh need of an engine.
dump_ending=.sql.gz

# What a session begins with.
open_session() {
    printf 'DELIMITER %s\n' "$mark"
}

# end_statement [ended]: ends a statement, if it has not ended itself, and has $mark answered once it is done.
end_statement() {
    printf "\n%s\nSELECT '%s'%s\n" "$mark" "$mark" "$mark"
}

write_dump() {
    dumper=mariadb-dump
    command -v mariadb-dump >/dev/null || dumper=mysqldump
    dump_with mysql_program "$dumper" --default-character-set=utf8mb4
}
