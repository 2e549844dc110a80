# The user is the account, "" for the session's own; the username is the name at the registry, "" to log out.
columns user registry username password
i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    decode "$password"
    password=$decoded
    variables registry username password
    # printf is the shell's own: the password is in no argument list.
    # shellcheck disable=SC2016
    message=$(as_user "$user" "$data"'
        if [ -z "$username" ]; then
            docker logout "$registry"
            exit
        fi
        printf %s "$password" | docker login --username "$username" --password-stdin "$registry" || exit
        chmod 0600 "${DOCKER_CONFIG:-$HOME/.docker}/config.json"
    ' 2>&1) || item_failed "$i" "$message"
done
