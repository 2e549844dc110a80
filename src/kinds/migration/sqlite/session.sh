# See mysql/session.sh.
dump_ending=.sqlite.gz

open_session() {
    :
}

end_statement() {
    printf '\n;\n.print %s\n' "$mark"
}

write_dump() {
    # Where nothing is there yet, nothing can be lost.
    (umask 077; : >"$new.copy") && copy_to "$new.copy" && cat -- "$new.copy"
}
