# The service is PROJECT/SERVICE of Compose, "" on the host; more are names and values of environment variables.
columns user directory creates unless only_if command service more

# read_command ROW: sets the fields of a row as variables, and $environment; call it in a subshell.
read_command() {
    read_row "$1"
    environment=$more
    decode "$unless" && unless=$decoded
    decode "$only_if" && only_if=$decoded
    decode "$command" && command=$decoded
}

# guard: sets $guard to wanted, done, no-container, no-user or no-directory, and $because to the guard that said so.
guard() {
    because=
    if [ -n "$service" ] && ! find_container; then
        guard=no-container
    elif [ -z "$service" ] && [ -n "$user" ] && ! id -u -- "$user" >/dev/null 2>&1; then
        guard=no-user
    elif [ -z "$service" ] && [ -n "$directory" ] && ! [ -d "$directory" ]; then
        guard=no-directory
    elif [ -n "$creates" ] && is_there "$creates"; then
        guard='done' because=creates
    elif [ -n "$unless" ] && inside "$unless" >/dev/null 2>&1; then
        guard='done' because=unless
    elif [ -n "$only_if" ] && ! inside "$only_if" >/dev/null 2>&1; then
        guard='done' because=only_if
    else
        guard=wanted
    fi
}

# find_container: sets $container to one of the service's that runs.
find_container() {
    container=$(docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=${service%%/*}" --filter status=running \
        --filter "label=com.docker.compose.service=${service#*/}" --filter label=com.docker.compose.oneoff=False </dev/null 2>/dev/null)
    container=${container%%"$NL"*}
    [ -n "$container" ]
}

# is_there PATH: true where something is there.
is_there() {
    if [ -z "$service" ]; then
        path_state "$1"
        return
    fi
    quoted "$1"
    inside "[ -e $quoted ] || [ -L $quoted ]"
}

# inside TEXT: runs a text as the user, in the folder, with the environment. That goes into the text, for a change of user
# may drop what is exported here.
inside() (
    [ -n "$service" ] || [ -z "$directory" ] || cd "$directory" || exit 1
    exports=
    while [ -n "$environment" ]; do
        name=${environment%%"$US"*}
        environment=${environment#*"$US"}
        decode "${environment%%"$US"*}"
        quoted "$decoded"
        exports="${exports}export $name=$quoted$NL"
        case $environment in *"$US"*) environment=${environment#*"$US"} ;; *) environment= ;; esac
    done
    if [ -z "$service" ]; then
        as_user "$user" "$exports$1"
        return
    fi
    text=$exports$1
    set -- --interactive
    [ -z "$user" ] || set -- "$@" --user "$user"
    [ -z "$directory" ] || set -- "$@" --workdir "$directory"
    # What it runs is in no argument list. The container may have no other program than its shell.
    # shellcheck disable=SC2016 # for the container's shell
    printf '%s\n' "$text" | docker exec "$@" "$container" sh -c '
        text=
        while IFS= read -r line; do text="$text$line
"; done
        exec </dev/null
        eval "$text"
    '
)
