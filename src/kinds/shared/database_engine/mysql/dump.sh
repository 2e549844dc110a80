# dump_with WORD…: writes a dump of $database to standard output; the words begin a command that reaches the server and logs in.
dump_with() {
    "$@" --single-transaction --quick --routines --triggers --events --hex-blob --no-tablespaces --databases -- "$database"
}

# Says whether the dump on standard input is all there.
is_whole() {
    tail -n 3 | grep -q '^-- Dump completed'
}
