# The path is that of the Compose file, the content what it should hold, "" where it should go; contexts are folders that images are built
# from; handed are services that are handed contents which their hash leaves out; volumes is 1 where they count; more are names and values
# of variables. Records are those of emit_files about the Compose file, and: a file of environment, or a folder, that is missing; the hash
# of a service; why Compose does not take its file; containers; a path that changed since a service started; a service in a network that
# is gone; a digest of what a container was handed, "" where that is not known; what the name of an image stands for; networks and
# volumes, as docker tells of them; and last how Docker answers: ok, no-docker, no-compose, or down with words.
# Record: "file", missing
# Record: "hash", service, hash
# Record: "invalid", words
# Record: "container", service, oneoff, id, hash, image, tag, status, exit, health, restarts, started, mounts
# Record: "stale", service, path
# Record: "image", name, id
# Record: "cut", service
# Record: "handed", service, digest
# Record: "network", key, id, json
# Record: "volume", key, volume, json
# Record: "docker", answer
# Record: "docker", answer, words
# A few processes for all, one Compose for each project, and one find for each container that mounts files.
columns path hash most project dir content env_files contexts profiles handed volumes more

# Version 1 reads its file twice.
again='
import io, sys
class Again(io.StringIO):
    def read(self, size=-1):
        text = super().read(size)
        if not text:
            self.seek(0)
        return text
sys.stdin = Again(sys.stdin.read())
from compose.cli.main import main
main()
'

# Prints the hash of every service, of the file on standard input.
hashes() {
    file=-
    # Where version 1 looks for files of environment.
    [ ! -d "$dir" ] || cd "$dir" || return
    case $compose in
        script)
            IFS= read -r interpreter <"$compose_script"
            interpreter=${interpreter#'#!'}
            interpreter=${interpreter# }
            "${interpreter%% *}" -c "$again" --ansi never --project-name "$project" --project-directory "$dir" --file - \
                config --hash '*'
            ;;
        *)
            if [ -z "$env_files" ]; then
                compose config --hash '*'
                return
            fi
            # Of variables in files of environment it makes a hash only once they are put in, as `up` does.
            resolved=$(compose config) && printf '%s\n' "$resolved" | compose config --hash '*'
            ;;
    esac
}

# all ANSWER [WORDS]: how Docker answers, for every row.
all() {
    i=0 answer=$1 words=${2-}
    for row in $ROWS; do
        case $# in
            1) emit "$i" docker "$answer" ;;
            *) emit "$i" docker "$answer" "$words" ;;
        esac
        i=$((i + 1))
    done
}

emit_files
if ! command -v docker >/dev/null; then
    all no-docker
    return 0
fi
if ! ids=$(docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project </dev/null 2>/dev/null); then
    said=$(docker version 2>&1 </dev/null)
    all down "${said##*"$NL"}"
    return 0
fi
find_compose
containers='' images=
if [ -n "$ids" ]; then
    containers=$(docker inspect --type container --format "$container_format" $ids </dev/null) || return
    images=$(docker images --no-trunc --format "{{.Repository}}:{{.Tag}}$US{{.ID}}" </dev/null) || return
fi
for image in $images; do
    emit 0 image "${image%%"$US"*}" "${image#*"$US"}"
done
# All networks, as a container may be in any; those and volumes of projects, with project and key before what docker tells.
labels="{{index .Labels \"com.docker.compose.project\"}}$US{{index .Labels \"com.docker.compose"
network_ids='' of_projects='' stored='' wanted=
for network in $(docker network ls --no-trunc --format "{{.ID}}$US{{.Label \"com.docker.compose.project\"}}" </dev/null); do
    network_ids=$network_ids${network%%"$US"*}$NL
    [ -z "${network#*"$US"}" ] || of_projects=$of_projects${network%%"$US"*}$NL
done
[ -z "$of_projects" ] ||
    of_projects=$(docker network inspect --format "$labels.network\"}}$US{{.Id}}$US{{json .}}" $of_projects </dev/null) || return
for row in $ROWS; do
    read_row "$row"
    wanted=$wanted$volumes
done
[ -z "$wanted" ] || stored=$(docker volume ls --quiet --filter label=com.docker.compose.project </dev/null) || return
[ -z "$stored" ] || stored=$(docker volume inspect --format "$labels.volume\"}}$US{{.Name}}$US{{json .}}" $stored </dev/null) || return

# is_cut: true where a network of the container is gone.
is_cut() {
    IFS=$TAB
    set -- $networks_of
    IFS=$NL
    for network; do
        case $NL$network_ids in *"$NL$network$NL"*) ;; *) return 0 ;; esac
    done
    return 1
}

# of_project: splits a line of these, and fails where it is about another project.
of_project() {
    case $1 in "$project$US"*) ;; *) return 1 ;; esac
    IFS=$US
    set -- $1
    IFS=$NL
    key=${2-} id=${3-} json=${4-}
}
i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    decode "$env_files"
    env_files=$decoded missing=
    for env_file in $env_files; do
        [ -f "$env_file" ] || missing=$env_file
    done
    # Version 1 does not read a file without them.
    decode "$contexts"
    for context in $decoded; do
        [ "$compose" != script ] || [ -d "$context" ] || missing=$context
    done
    decode "$handed" && handed=$decoded
    read_notes
    if [ -z "$content" ]; then
        :
    elif [ -z "$compose" ]; then
        emit "$i" docker no-compose
        continue
    elif [ -n "$missing" ]; then
        emit "$i" file "$missing"
    else
        said=$(
            export_environment "$more"
            export COMPOSE_PROFILES="$profiles"
            decode "$content"
            printf '%s' "$decoded" | hashes 2>&1
        )
        status=$? unset=
        for line in $said; do
            case $line in
                *'variable is not set'*) unset=$line ;;
                *' '*' '* | *[!0-9a-zA-Z._\ -]*) ;;
                *' '????????????????????????????????????????????????????????????????) emit "$i" hash "${line%% *}" "${line##* }" ;;
            esac
        done
        if [ "$status" != 0 ]; then
            emit "$i" invalid "${said:-it ended with status $status}"
        elif [ -n "$unset" ]; then
            words=$unset
            emit "$i" invalid "$words"
        fi
    fi
    for container in $containers; do
        case $container in "$project$US"*) ;; *) continue ;; esac
        read_container "$container"
        emit "$i" container "$service" "$oneoff" "$id" "$hash" "$image" "$tag" "$status" "$exit" "$health" "$restarts" "$started" "$mounts"
        if is_cut; then emit "$i" cut "$service"; fi
        case $oneoff:$NL$handed$NL in
            [Ff]alse:*"$NL$service$NL"*)
                digest=
                case $NL$notes in *"$NL$id "*) digest=${notes##*"$id "} && digest=${digest%%"$NL"*} ;; esac
                emit "$i" handed "$service" "$digest"
                ;;
        esac
        [ "$status" = running ] || continue
        mounted r
        [ -n "$paths" ] || continue
        newer=$(find $paths -maxdepth 0 -newerct "$started" 2>/dev/null)
        for path in $newer; do
            emit "$i" stale "$service" "$path"
        done
    done
    for network in $of_projects; do
        if of_project "$network"; then emit "$i" network "$key" "$id" "$json"; fi
    done
    for volume in $stored; do
        if [ -z "$volumes" ] || ! of_project "$volume"; then continue; fi
        volume=$id
        emit "$i" volume "$key" "$volume" "$json"
    done
    emit "$i" docker ok
done
