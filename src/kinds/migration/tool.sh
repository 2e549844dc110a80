# read_tool ROW: sets what the row of a tool holds: options are a line each, and more are names and values of environment
# variables. Call it where no other row is read.
read_tool() {
    columns tool user directory venv options more
    read_row "$1"
    decode "$options" && options=$decoded
    environment=$more
    case $tool in
        alembic) program=${venv:+$venv/bin/}alembic ;;
        knex) program=./node_modules/.bin/knex ;;
    esac
}

# Sets $missing to no-user, no-directory or no-program where the tool cannot run yet.
find_tool() {
    missing=
    if [ -n "$user" ] && ! id -u -- "$user" >/dev/null 2>&1; then
        missing=no-user
    elif ! [ -d "$directory" ]; then
        missing=no-directory
    elif [ "$tool" = alembic ] && [ -n "$venv" ]; then
        [ -x "$program" ] || missing=no-program
    elif [ "$tool" = knex ]; then
        [ -x "$directory/$program" ] || missing=no-program
    else
        command -v "$program" >/dev/null || missing=no-program
    fi
}

# run_tool WORD…: runs it as the user, in the folder, with the environment. That goes into the text, for a change of user may
# drop what is exported here.
run_tool() {
    quoted "$directory"
    text="cd $quoted || exit 1${NL}export NO_COLOR=1 PYTHONUNBUFFERED=1$NL"
    left=$environment
    while [ -n "$left" ]; do
        name=${left%%"$US"*}
        left=${left#*"$US"}
        decode "${left%%"$US"*}"
        quoted "$decoded"
        text="${text}export $name=$quoted$NL"
        case $left in *"$US"*) left=${left#*"$US"} ;; *) left= ;; esac
    done
    text="${text}exec"
    for word in "$program" $options "$@"; do
        quoted "$word"
        text="$text $quoted"
    done
    as_user "$user" "$text"
}
