# dump_database FOLDER NAME: dumps the database of a connection into a folder, under a temporary name until it is whole. Sets
# $dumped to the file; false where it cannot, with the reason in $wrong.
dump_database() {
    dumped=$1/$2-$(date -u +%Y%m%dT%H%M%SZ)-before-migration$dump_ending wrong=
    if ! ready_file "$dumped" || ! why=$(umask 077 && : 2>&1 >"$new"); then
        wrong="cannot write to $1: $why"
        return 1
    fi
    # Making a stage says what to do on a signal.
    trap '' PIPE
    said=$({ { make_dump 3>&- || echo "$R dump" >&3; } | { gzip -c 3>&- >"$new" || echo "$R write" >&3; }; } \
        3>&1 2>&3 6>&- 7>&- </dev/null)
    case $said in
        '') ;;
        *"$R write"*) wrong="cannot write to $1: ${said%%"$NL$R"*}" ;;
        *) wrong="the dump failed: ${said%%"$NL$R"*}" ;;
    esac
    if [ -z "$wrong" ] && ! { gzip -t -- "$new" && gzip -d -c <"$new" | is_whole; } 2>/dev/null; then
        wrong="the dump in $1 is not whole"
    fi
    if [ -z "$wrong" ]; then
        { sync -- "$new" 2>/dev/null || sync; } && put_at "$new" "$dumped" || wrong="cannot write to $1: $why"
    fi
    rm -f -- "$new" "$new.copy"
    [ -z "$wrong" ]
}

# Writes a dump to standard output, by the way that run_client goes, but not as the account of `as`: a dump takes more than
# that may do. One that logs in by its name alone is asked for by the server, though.
make_dump() {
    [ -n "$login" ] && [ -z "$password" ] || account=
    write_dump
}
