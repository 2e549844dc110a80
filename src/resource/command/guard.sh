# Row: user, folder, path created, unless, only_if, command, then names and values of environment variables.
# read_command ROW: sets those as variables; call it in a subshell.
read_command() {
    split_row "$1"
    user=$f1 directory=$f2 creates=$f3
    decode "$f4" && unless=$decoded
    decode "$f5" && only_if=$decoded
    decode "$f6" && command=$decoded
    environment=$1
    for skipped in 1 2 3 4 5 6; do
        case $environment in *"$US"*) environment=${environment#*"$US"} ;; *) environment= ;; esac
    done
}

# guard: sets $guard to wanted, done, no-user or no-directory, and $because to the guard that said so.
guard() {
    because=
    if [ -n "$user" ] && ! id -u -- "$user" >/dev/null 2>&1; then
        guard=no-user
    elif [ -n "$directory" ] && ! [ -d "$directory" ]; then
        guard=no-directory
    elif [ -n "$creates" ] && path_state "$creates"; then
        guard='done' because=creates
    elif [ -n "$unless" ] && inside "$unless" >/dev/null 2>&1; then
        guard='done' because=unless
    elif [ -n "$only_if" ] && ! inside "$only_if" >/dev/null 2>&1; then
        guard='done' because=only_if
    else
        guard=wanted
    fi
}

# inside TEXT: runs a text as the user, in the folder, with the environment. That goes into the text, for a change of user
# may drop what is exported here.
inside() (
    [ -z "$directory" ] || cd "$directory" || exit 1
    exports=
    while [ -n "$environment" ]; do
        name=${environment%%"$US"*}
        environment=${environment#*"$US"}
        decode "${environment%%"$US"*}"
        quoted "$decoded"
        exports="${exports}export $name=$quoted$NL"
        case $environment in *"$US"*) environment=${environment#*"$US"} ;; *) environment= ;; esac
    done
    as_user "$user" "$exports$1"
)
