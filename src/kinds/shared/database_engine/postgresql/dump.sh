# dump_with WORD…: writes a dump of $database to standard output; the words begin a command that reaches the server and logs in.
dump_with() {
    # A name alone may be read as a connection string.
    "$@" --create --no-password --dbname="dbname='$(printf '%s\n' "$database" | sed "s/[\\\\']/\\\\&/g")'"
}

# Says whether the dump on standard input is all there.
is_whole() {
    tail -n 8 | grep -q '^-- PostgreSQL database dump complete'
}
