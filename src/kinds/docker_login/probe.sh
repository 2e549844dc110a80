# Row: account ("" for the session's own).
# Record: no-user, absent, file, mode and content in base64, or why it cannot be read.
i=0
for row in $ROWS; do
    split_row "$row"
    if [ -n "$f1" ] && ! id -u "$f1" >/dev/null 2>&1; then
        emit "$i" no-user
    else
        # shellcheck disable=SC2016
        found=$(as_user "$f1" '
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
