# The user is the account, "" for the session's own. Others are why it cannot be read.
# Record: "no-user"
# Record: "absent"
# Record: "file", mode, base64
# Record: why
columns user
i=0
for row in $ROWS; do
    read_row "$row"
    if [ -n "$user" ] && ! id -u "$user" >/dev/null 2>&1; then
        emit "$i" no-user
    else
        # shellcheck disable=SC2016
        found=$(as_user "$user" '
            file=${DOCKER_CONFIG:-$HOME/.docker}/config.json
            if [ -e "$file" ]; then
                stat -L -c %04a "$file" && base64 -w 0 <"$file"
            elif [ -d "$HOME" ]; then
                echo absent
            fi' 2>&1)
        case $found in
            absent) emit "$i" absent ;;
            0[0-7][0-7][0-7]"$NL"*) emit "$i" file "${found%%"$NL"*}" "${found#*"$NL"}" ;;
            *) emit "$i" "${found:-it has no home}" ;;
        esac
    fi
    i=$((i + 1))
done
