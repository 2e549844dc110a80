# Runs the client of a database engine. Put before programs that talk to a server, with the functions of one engine or more:
#   ENGINE_find           sets $client
#   ENGINE_start          writes the first line that a client reads: what a session is like, whatever the server's settings are
#   ENGINE_run MODE       see run_client
#   ENGINE_refuses TEXT   true where that is a complaint about the password

# A connection, and what is asked: SQL, and how many lines that is.
columns engine account login password socket server port tls authority database sql lines

# read_connection ROW: takes a connection from a row, and $sql and $lines that follow it. While a password is being rotated, the
# one before is a second line of its field.
read_connection() {
    read_row "$1"
    decode "$password" && password=${decoded%%"$NL"*} previous=
    case $decoded in *"$NL"*) previous=${decoded#*"$NL"} ;; esac
    decode "$database" && database=$decoded
    decode "$sql" && sql=$decoded
    "${engine}_find"
}

# choose_password: takes the password before, while it is being rotated and the server does not know the new one yet.
choose_password() {
    [ -n "$previous" ] || return 0
    _refused=$(printf 'SELECT 1;\n' | (database='' && run_client look) 2>&1 >/dev/null)
    if "${engine}_refuses" "$_refused"; then password=$previous; fi
    previous=
}

session_start() {
    "${engine}_start"
}

# run_client MODE: feeds standard input to the client. Rows come on standard output, their values separated by tabs;
# complaints on standard error. Modes: "look" goes on after an error and changes nothing, "change" stops at the first,
# "converse" does too and answers each statement at once.
run_client() {
    "${engine}_run" "$1"
}

# Sets _tls: $tls, or "always" where that is empty and the server is not on the host: nothing goes over a network in the clear unless
# the spec says so, whatever a client does by itself.
_choose_tls() {
    _tls=$tls
    case $server in
        '' | localhost | 127.0.0.1 | ::1) ;;
        *) _tls=${tls:-always} ;;
    esac
}

# Runs a program as $account, itself where that is empty; standard input is its own.
_as_account() {
    if [ -z "$account" ]; then
        "$@"
    elif [ "$(id -u)" != 0 ]; then
        sudo -n -H -u "$account" -- "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$account" -- "$@"
    else
        su -s "$SH" "$account" -c 'exec "$0" "$@"' "$@"
    fi
}
