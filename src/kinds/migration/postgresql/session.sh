# See mysql/session.sh.
dump_ending=.sql.gz

open_session() {
    :
}

end_statement() {
    # psql waits for ever after a semicolon with nothing before it that follows a COPY, which ends itself.
    case ${1-} in
        ended) printf '\n\\echo %s\n' "$mark" ;;
        *) printf '\n;\n\\echo %s\n' "$mark" ;;
    esac
}

write_dump() {
    dump_with postgresql_program pg_dump
}
