# The verb is pull, import, build, build-path or remove; old is the id of the image that is replaced. More are, to pull, repository
# and digest where it must have one; to import, the path of the archive; to build, the path of the context ("" where it comes on
# standard input) and so on, and pairs: "a" and an argument as KEY=value.
columns name verb old more
command -v docker >/dev/null || {
    echo "docker is not on the host: add the package docker.io"
    exit 1
}
read_row "$ROWS"
case $verb in
    remove)
        docker image rm "$name" 2>&1 </dev/null
        exit
        ;;
    pull)
        columns digest
        read_row "$more"
        if [ -n "$digest" ]; then
            docker pull --quiet "$digest" 2>&1 </dev/null && docker tag "$digest" "$name" 2>&1 </dev/null || exit
        else
            docker pull --quiet "$name" 2>&1 </dev/null || exit
        fi
        ;;
    import)
        columns path
        read_row "$more"
        source_of archive "$path"
        docker import --change "LABEL infra.source=$source" -- "$path" "$name" 2>&1 </dev/null || exit
        ;;
    build*)
        columns path label dockerfile target network more
        read_row "$more"
        IFS=$US
        set -- $more
        IFS=$NL
        if [ -n "$path" ]; then
            source_of folder "$path"
            label=$source-$label
        fi
        arguments=
        while [ $# -gt 1 ]; do
            arguments=$arguments--build-arg$NL$2$NL
            shift 2
        done
        set -- --label "infra.source=$label" --tag "$name"
        [ -z "$target" ] || set -- "$@" --target "$target"
        [ -z "$network" ] || set -- "$@" --network "$network"
        if [ -n "$path" ]; then
            docker build "$@" $arguments --file "$path/$dockerfile" -- "$path" 2>&1 </dev/null || exit
        else
            docker build "$@" $arguments --file "$dockerfile" - 2>&1 || exit
        fi
        ;;
esac
# What the name stood for before goes, unless it has another name or something uses it. An image with one name goes with it.
[ -z "$old" ] || [ "$(docker image inspect --format '{{len .RepoTags}}' "$old" 2>/dev/null </dev/null)" != 0 ] ||
    docker image rm "$old" >/dev/null 2>&1 </dev/null || :
