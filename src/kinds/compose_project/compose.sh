# Docker and Compose: the plugin, or docker-compose of its own.

# find_compose: sets $compose to plugin, program (docker-compose as one program), script (version 1, in Python) or "".
find_compose() {
    compose='' compose_script=''
    if docker compose version >/dev/null 2>&1 </dev/null; then
        compose=plugin
    elif compose_script=$(command -v docker-compose); then
        compose=program
        IFS= read -r line <"$compose_script" 2>/dev/null
        case $line in '#!'*) compose=script ;; esac
    fi
}

# export_environment FIELDS: exports these names and values; call it in a subshell.
export_environment() {
    environment=$1
    while [ -n "$environment" ]; do
        name=${environment%%"$US"*}
        environment=${environment#*"$US"}
        decode "${environment%%"$US"*}"
        export "$name=$decoded"
        case $environment in *"$US"*) environment=${environment#*"$US"} ;; *) environment= ;; esac
    done
}

# compose WORD…: Compose on the project, whose file is read from standard input where the file is named -.
compose() {
    set -- --ansi never --project-name "$project" --project-directory "$dir" --file "$file" "$@"
    case $compose in
        plugin) docker compose "$@" ;;
        *) docker-compose "$@" ;;
    esac
}

# What docker inspect writes of a container: a line with the project first and what is mounted last.
container_format="{{index .Config.Labels \"com.docker.compose.project\"}}$US{{index .Config.Labels \"com.docker.compose.service\"}}$US"
container_format="$container_format{{index .Config.Labels \"com.docker.compose.oneoff\"}}$US{{.ID}}$US"
container_format="$container_format{{index .Config.Labels \"com.docker.compose.config-hash\"}}$US{{.Image}}$US{{.Config.Image}}$US"
container_format="$container_format{{.State.Status}}$US{{.State.ExitCode}}$US{{if .State.Health}}{{.State.Health.Status}}{{end}}$US"
container_format="$container_format{{.RestartCount}}$US{{.State.StartedAt}}$US{{.Name}}$US"
container_format="$container_format{{range .NetworkSettings.Networks}}{{.NetworkID}}$TAB{{end}}$US"
container_format="$container_format{{range .Mounts}}{{if eq .Type \"bind\"}}{{if .RW}}w{{else}}r{{end}}{{.Source}}$TAB{{end}}{{end}}"

# read_container LINE: sets what it holds: $service, $oneoff, $id, $hash, $image, $tag, $status, $exit, $health, $restarts,
# $started, $called, $networks_of, $mounts.
read_container() {
    IFS=$US
    set -- $1
    IFS=$NL
    service=${2-} oneoff=${3-} id=${4-} hash=${5-} image=${6-} tag=${7-} status=${8-} exit=${9-} health=${10-} restarts=${11-}
    started=${12-} called=${13-} networks_of=${14-} mounts=${15-}
}

# read_notes: sets $notes to what containers were handed when they were made, a line each of id and digest; $notes_file is where that
# is noted.
read_notes() {
    notes='' notes_file=$dir/.compose.yaml.infra
    [ -f "$notes_file" ] || return 0
    while IFS= read -r line; do
        notes=$notes$line$NL
    done <"$notes_file"
}

# mounted KIND: sets $paths to what the container mounts: r (read-only files), files, or all.
mounted() {
    paths=
    IFS=$TAB
    set -- "$1" $mounts
    IFS=$NL
    wanted=$1
    shift
    for mount; do
        path=${mount#?}
        case $wanted:$mount in
            all:*) ;;
            r:w*) continue ;;
            *) [ -f "$path" ] || continue ;;
        esac
        paths=$paths$path$NL
    done
}
