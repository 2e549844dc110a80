# The verb is create, replace or remove; more are pairs: o or l, and the option or label as key=value.
columns name verb driver ipv6 subnet gateway range internal attachable more

i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    connected=
    if [ "$verb" = replace ] && ! { connected && message=$(disconnect); }; then
        item_failed "$i" "cannot take containers out of it: ${message:-$said}"
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
    [ -z "$ipv6" ] || set -- "$@" --ipv6
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
