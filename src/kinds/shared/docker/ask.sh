# ask_docker ARGUMENT…: sets $listed to what docker says; without a client or an answer it says so of every row, and fails.
# Record: "no-client"
# Record: "no-engine", answer
ask_docker() {
    answer=
    if ! command -v docker >/dev/null; then
        missing=client
    elif listed=$(docker "$@" 2>&1 </dev/null); then
        return 0
    else
        missing=engine answer=${listed%%"$NL"*}
    fi
    i=0
    for row in $ROWS; do
        case $missing in
            client) emit "$i" no-client ;;
            engine) emit "$i" no-engine "$answer" ;;
        esac
        i=$((i + 1))
    done
    return 1
}
