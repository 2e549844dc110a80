# The path is that of the Compose file, the content what it should hold, "" where it should go; volumes is 1 where they count; more are
# names and values of variables. Records are those of emit_files about the Compose file, and: a file of environment that is missing; the
# hash of a service; why Compose does not take its file; containers; a path that changed since a service started; what the name of an
# image stands for; volumes; and last how Docker answers: ok, no-docker, no-compose, or down with words.
# Record: "file", missing
# Record: "hash", service, hash
# Record: "invalid", words
# Record: "container", service, oneoff, id, hash, image, tag, status, exit, health, restarts, started, mounts
# Record: "stale", service, path
# Record: "image", name, id
# Record: "volume", volume
# Record: "docker", answer
# Record: "docker", answer, words
# A few processes for all, one Compose for each project, and one find for each container that mounts files.
columns path hash most project dir content env_files profiles volumes more

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
i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    decode "$env_files"
    env_files=$decoded missing=
    for env_file in $env_files; do
        [ -f "$env_file" ] || missing=$env_file
    done
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
        [ "$status" = running ] || continue
        mounted r
        [ -n "$paths" ] || continue
        newer=$(find $paths -maxdepth 0 -newerct "$started" 2>/dev/null)
        for path in $newer; do
            emit "$i" stale "$service" "$path"
        done
    done
    if [ -n "$volumes" ]; then
        for volume in $(docker volume ls --quiet --filter "label=com.docker.compose.project=$project" </dev/null); do
            emit "$i" volume "$volume"
        done
    fi
    emit "$i" docker ok
done
