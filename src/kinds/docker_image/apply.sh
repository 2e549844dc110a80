# Row: name, pull, import, build, build-path or remove, id of the image it replaces, then
#   pull: repository and digest where it must have one
#   import: path of the archive
#   build: path of the context ("" where it comes on standard input), hash, Dockerfile, target, network, and pairs:
#   "a" and an argument as KEY=value.
command -v docker >/dev/null || {
    echo "docker is not on the host: add the package docker.io"
    exit 1
}
for row in $ROWS; do :; done
IFS=$US
set -- $row
IFS=$NL
name=$1 verb=$2 old=${3-}
case $verb in
    remove)
        docker image rm "$name" 2>&1 </dev/null
        exit
        ;;
    pull)
        digest=${4-}
        if [ -n "$digest" ]; then
            docker pull --quiet "$digest" 2>&1 </dev/null && docker tag "$digest" "$name" 2>&1 </dev/null || exit
        else
            docker pull --quiet "$name" 2>&1 </dev/null || exit
        fi
        ;;
    import)
        source_of archive "$4"
        docker import --change "LABEL infra.source=$source" -- "$4" "$name" 2>&1 </dev/null || exit
        ;;
    build*)
        path=${4-} label=$5 dockerfile=$6 target=${7-} network=${8-}
        shift 8
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
