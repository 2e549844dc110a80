# Omitted are words with commas, "-" where it should be absent. The request is same, differs or never, packages are same or differ;
# where they differ, further records say which are gone and which were added.
# Record: "absent"
# Record: "denied"
# Record: "no-npm"
# Record: "no-lock"
# Record: "no-project"
# Record: "present", request, packages, owner
# Record: "gone", names
# Record: "added", names
# Record: type
# One node for all, and two hashes for each project.
columns path omit
scan_rows=
for row in $ROWS; do
    read_row "$row"
    scan_rows=$scan_rows$path/node_modules$NL
done
projects=$ROWS
ROWS=$scan_rows
scan_paths
ROWS=$projects
abi=
command -v npm >/dev/null && abi=$(node -p process.versions.modules </dev/null)

# others LIST LIST: prints the lines of the first that are not in the second.
others() {
    for name in $1; do
        case $NL$2$NL in *"$NL$name$NL"*) ;; *) printf '%s\n' "$name" ;; esac
    done
}

look_at() {
    case $type in
        absent | denied) ;;
        directory) type=present ;;
        *)
            emit "$i" "$type"
            return
            ;;
    esac
    if [ "$type" != denied ] && [ "$omit" != - ]; then
        if [ -z "$abi" ]; then
            emit "$i" no-npm
            return
        fi
        if ! lock_file "$path"; then
            [ -d "$path" ] && emit "$i" no-lock || emit "$i" no-project
            return
        fi
    fi
    if [ "$type" != present ]; then
        emit "$i" "$type"
        return
    fi
    if [ "$omit" = - ]; then
        emit "$i" present same same "$owner"
        return
    fi
    recorded='' was='' request=never packages=same
    if [ -r "$path/node_modules/.infra-npm" ]; then
        while IFS= read -r line; do
            [ -z "$was" ] && was=$line || recorded=$recorded$line$NL
        done <"$path/node_modules/.infra-npm"
        hash "$lock"
        now="lock=$hash omit=$omit abi=$abi"
        request=differs
        [ "${was% npm=*}" != "$now" ] || request=same
        hash "$path/node_modules/.package-lock.json"
        names "$path"
        recorded=${recorded%"$NL"}
        [ "${was##* npm=}" = "$hash" ] && [ "$names" = "$recorded" ] || packages=differs
    fi
    emit "$i" present "$request" "$packages" "$owner"
    if [ "$packages" = differs ]; then
        emit "$i" gone "$(others "$recorded" "$names")"
        emit "$i" added "$(others "$names" "$recorded")"
    fi
}

i=0
set -- $scanned
for row in $ROWS; do
    read_scan "$1"
    shift
    type=$seen_type owner=$seen_owner
    read_row "$row"
    look_at
    i=$((i + 1))
done
