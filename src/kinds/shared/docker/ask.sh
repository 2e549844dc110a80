# ask_docker ARGUMENT…: sets $listed to what docker says; without a client or an answer it says so of every row, and fails.
ask_docker() {
    command -v docker >/dev/null || {
        for_all_rows no-client
        return 1
    }
    listed=$(docker "$@" 2>&1 </dev/null) || {
        for_all_rows no-engine "${listed%%"$NL"*}"
        return 1
    }
}

for_all_rows() {
    i=0
    for row in $ROWS; do
        emit "$i" "$@"
        i=$((i + 1))
    done
}
