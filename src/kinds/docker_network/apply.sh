# The verb is create, replace or remove; more are pairs: o or l, and the option or label as key=value.
columns name verb driver subnet gateway range internal attachable more

# connected: sets $connected, a line for each container in the network, stopped ones too: its name, and its aliases there.
connected() {
    names=$(docker ps --all --filter "network=$name" --format '{{.Names}}' </dev/null 2>&1) || return
    connected=
    for container in $names; do
        lines=$(docker inspect --format '{{range $name, $in := .NetworkSettings.Networks}}{{$name}}{{range $in.Aliases}} {{.}}{{end}}{{"\n"}}{{end}}' "$container" </dev/null 2>&1) || return
        for line in $lines; do
            case $line in
                "$name") connected=$connected$container$NL ;;
                "$name "*) connected="$connected$container ${line#* }$NL" ;;
            esac
        done
    done
}

disconnect() {
    for line in $connected; do
        docker network disconnect --force "$name" "${line%% *}" </dev/null 2>&1 || return
    done
}

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

i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    connected=
    if [ "$verb" = replace ] && ! { connected && message=$(disconnect); }; then
        item_failed "$i" "cannot take containers out of it: ${message:-$names$lines}"
        continue
    fi
    if [ "$verb" != create ]; then
        if ! message=$(docker network rm "$name" </dev/null 2>&1); then
            item_failed "$i" "$message"
            connect >/dev/null
            continue
        fi
        [ "$verb" = replace ] || continue
    fi
    IFS=$US
    set -- $more
    IFS=$NL
    arguments=
    while [ $# -gt 1 ]; do
        case $1 in
            o) arguments=$arguments--opt$NL$2$NL ;;
            l) arguments=$arguments--label$NL$2$NL ;;
        esac
        shift 2
    done
    set -- --driver "$driver"
    [ -z "$subnet" ] || set -- "$@" --subnet "$subnet"
    [ -z "$gateway" ] || set -- "$@" --gateway "$gateway"
    [ -z "$range" ] || set -- "$@" --ip-range "$range"
    [ -z "$internal" ] || set -- "$@" --internal
    [ -z "$attachable" ] || set -- "$@" --attachable
    if ! message=$(docker network create "$@" $arguments "$name" </dev/null 2>&1); then
        item_failed "$i" "$message"
    elif ! message=$(connect); then
        item_failed "$i" "cannot connect containers again: $message"
    fi
done
