# connected [IDS]: sets $connected, a line for each container in the network $name, stopped ones too, but not these: its name, and
# its aliases there. Where that cannot be told, it fails and $said says why.
connected() {
    connected=
    format='{{.Name}}{{range $name, $in := .NetworkSettings.Networks}}{{"\n"}}{{$name}}{{range $in.Aliases}} {{.}}{{end}}{{end}}'
    said=$(docker ps --all --quiet --no-trunc --filter "network=$name" </dev/null 2>&1) || return
    for container in $said; do
        case $NL${1-}$NL in *"$NL$container$NL"*) continue ;; esac
        said=$(docker inspect --type container --format "$format" "$container" </dev/null 2>&1) || return
        container=
        for line in $said; do
            if [ -z "$container" ]; then
                container=${line#/}
                continue
            fi
            case $line in
                "$name") connected=$connected$container$NL ;;
                "$name "*) connected="$connected$container ${line#* }$NL" ;;
            esac
        done
    done
}

# disconnect: takes these containers out of the network.
disconnect() {
    for line in $connected; do
        docker network disconnect --force "$name" "${line%% *}" </dev/null 2>&1 || return
    done
}

# connect: puts them in again, under their aliases.
connect() {
    for line in $connected; do
        IFS=' '
        set -- $line
        IFS=$NL
        container=$1
        shift
        aliases=
        for alias do
            aliases=$aliases--alias$NL$alias$NL
        done
        docker network connect $aliases "$name" "$container" </dev/null 2>&1 || return
    done
}
