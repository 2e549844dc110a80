# The verb is up or down; the file is the Compose file's path, the content what it holds; options are one a line; the limit are seconds to
# wait; services are those of the file, restart those to restart, renew those whose containers are made anew though Compose sees no change, oneshot those that end by
# themselves, owed those owed a restart, a ! before those that are restarted whatever they mount; networks are the ids of those that are
# made anew; handed are services and digests of the contents that they are handed; more are names and values of variables.
columns verb project dir file mode content options services profiles limit restart renew networks handed oneshot owed more
read_row "$ROWS"
variables_wanted=$more
know_folders "$dir" "${dir%/*}/"
decode "$options" && options=$decoded
decode "$services" && services=$decoded
decode "$restart" && restart=$decoded
decode "$renew" && renew=${decoded:+$decoded$NL}
decode "$networks" && networks=$decoded
decode "$handed" && handed=$decoded
decode "$oneshot" && oneshot=$decoded
decode "$owed" && owed=$decoded

# among LIST WORD: true where the word is a line of the list.
among() {
    case $NL$1$NL in *"$NL$2$NL"*) return 0 ;; esac
    return 1
}

# look: sets $containers to a line for each container of the project, and $states to the same without what is mounted,
# which Docker lists in another order each time.
look() {
    containers='' states=
    ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" </dev/null) || return
    [ -n "$ids" ] || return 0
    containers=$(docker inspect --type container --format "$container_format" $ids </dev/null) || return
    for container in $containers; do
        states=$states${container%"$US"*}$NL
    done
}

# labelled WORD…: lists the project's containers (ps), networks (network ls) or volumes (volume ls).
labelled() {
    docker "$@" --quiet --filter "label=com.docker.compose.project=$project" </dev/null
}

put_file() {
    ready_file "$file" || say_why || return
    decode "$content"
    (umask 077 && printf '%s' "$decoded" >"$new") && chown 0:0 -- "$new" && chmod "$mode" -- "$new" && sync -- "$new" || return
    put_at "$new" "$file" || say_why
}

take_down() {
    find_compose
    if [ "$compose" = plugin ]; then
        # Without a file it goes by what the containers say of themselves, in their order.
        docker compose --ansi never --project-name "$project" down --remove-orphans </dev/null 2>&1 || return
    fi
    ids=$(labelled ps --all) || return
    if [ -n "$ids" ]; then
        docker stop $ids >/dev/null && docker rm --force $ids >/dev/null || return
    fi
    ids=$(labelled network ls) || return
    [ -z "$ids" ] || docker network rm $ids >/dev/null || return
    among "$options" remove-volumes || return 0
    ids=$(labelled volume ls) || return
    [ -z "$ids" ] || docker volume rm $ids >/dev/null
}

# resume: lets paused containers go on; Compose starts none of those.
resume() {
    paused=
    for container in $containers; do
        read_container "$container"
        [ "$status" != paused ] || paused=$paused$id$NL
    done
    [ -z "$paused" ] || docker unpause $paused >/dev/null </dev/null
}

# take_halves: removes containers that a Compose which was broken off has made and not started, while the ones that they were to
# replace are there; Compose makes them under the same names, and fails.
take_halves() {
    halves=
    for container in $containers; do
        read_container "$container"
        replaced=${called%%_*} replaced=${replaced#/}
        case $status:$replaced in created:????????????) ;; *) continue ;; esac
        case $NL$ids in *"$NL$replaced"*) ;; *) continue ;; esac
        case $id in "$replaced"*) ;; *) halves=$halves$id$NL ;; esac
    done
    [ -z "$halves" ] || docker rm $halves >/dev/null </dev/null
}

# take_networks: takes away the networks that are made anew, which needs what is in them to stop or to leave; sets $left to a line for
# each container of somebody else, after its network, and adds to $renew the services whose containers stop.
take_networks() {
    left='' ours=
    for container in $containers; do
        read_container "$container"
        # One whose network is gone has still its name.
        if among "$services" "$service"; then ours=$ours$id$NL; fi
    done
    for network in $networks; do
        name=$(docker network inspect --format '{{.Name}}' "$network" 2>/dev/null </dev/null) || continue
        own=
        for container in $containers; do
            read_container "$container"
            case $TAB$networks_of in *"$TAB$network$TAB"*) ;; *) continue ;; esac
            among "$ours" "$id" || continue
            own=$own$id$NL
            among "$renew" "$service" || renew=$renew$service$NL
        done
        if ! connected "$ours" || ! said=$(disconnect); then
            echo "cannot take containers out of the network $name: $said"
            return 1
        fi
        for line in $connected; do
            left=$left$name/$line$NL
        done
        [ -z "$own" ] || docker stop $own >/dev/null </dev/null || return
        docker network rm "$network" >/dev/null </dev/null || return
    done
}

# put_back: connects those containers to the new network.
put_back() {
    for line in $left; do
        name=${line%%/*} connected=${line#*/}
        if ! said=$(connect); then
            echo "cannot connect ${connected%% *} to the network $name again: $said"
            return 1
        fi
    done
}

# note_handed: notes what containers were handed when they were made; of those from before it is known.
note_handed() {
    read_notes
    [ -n "$notes$handed" ] || return 0
    look || return
    new=
    for container in $containers; do
        read_container "$container"
        case $oneoff in [Tt]rue) continue ;; esac
        case $NL$before in
            *"$NL$id "*) lines=$notes key=$id ;;
            *) lines=$handed key=$service ;;
        esac
        for line in $lines; do
            case $line in "$key "*) new=$new$id' '${line#* }$NL ;; esac
        done
    done
    if [ -z "$new" ]; then
        remove_at "$notes_file" || say_why
        return
    fi
    noted=$new
    ready_file "$notes_file" && why=$(umask 077 && printf '%s' "$noted" 2>&1 >"$new") && put_at "$new" "$notes_file" || say_why
}

# make_anew: makes the containers of those services anew.
make_anew() {
    [ -n "$renew" ] || return 0
    bring_up --no-deps --force-recreate $renew
}

# bring_up WORD…: starts what is not as it should be, and only that.
bring_up() {
    set -- --detach --no-color --quiet-pull "$@"
    for option in $options; do
        case $option in
            remove-orphans | no-build) set -- "--$option" "$@" ;;
            pull-always) [ "$compose" = script ] || set -- --pull always "$@" ;;
            pull-never) [ "$compose" = script ] || set -- --pull never "$@" ;;
        esac
    done
    (
        export_environment "$variables_wanted"
        export COMPOSE_PROFILES="$profiles"
        if among "$options" pull-always && [ "$compose" = script ]; then
            compose pull --quiet </dev/null || exit
        fi
        compose up "$@" </dev/null
    )
}

# restart_some: restarts those containers that should be and still are the ones from before.
restart_some() {
    look || return
    again=
    for container in $containers; do
        read_container "$container"
        among "$before" "$id $started" || continue
        case $oneoff in [Tt]rue) continue ;; esac
        if among "$restart" "$service"; then
            again=$again$id$NL
            continue
        fi
        if [ "$status" != running ] || ! among "$options" owed; then continue; fi
        if among "$owed" "!$service"; then
            again=$again$id$NL
            continue
        fi
        if among "$owed" "$service"; then
            mounted all
            newer=${paths:+$(find $paths -newerct "$started" -print -quit 2>/dev/null)}
        else
            mounted files
            newer=${paths:+$(find $paths -maxdepth 0 -newerct "$started" -print -quit 2>/dev/null)}
        fi
        [ -z "$newer" ] || again=$again$id$NL
    done
    [ -n "$again" ] || return 0
    docker restart $again >/dev/null </dev/null
}

# judge: sets $waiting and $failed, a line of service, id and words for each container that is not as it should be; $calm
# to 1 where nothing has to be watched.
judge() {
    waiting='' failed='' calm=1
    for container in $containers; do
        read_container "$container"
        case $oneoff in [Tt]rue) continue ;; esac
        if among "$oneshot" "$service"; then
            case $status:$exit in
                exited:0) ;;
                exited:*) failed="$failed$service$US$id${US}ended with status $exit$NL" ;;
                *) waiting="$waiting$service$US$id${US}has not ended: $status$NL" ;;
            esac
            continue
        fi
        case $status:$health in
            running:healthy) ;;
            running:) calm= ;;
            running:*) waiting="$waiting$service$US$id${US}is $health$NL" ;;
            exited:* | dead:*) failed="$failed$service$US$id${US}ended with status $exit$NL" ;;
            *) waiting="$waiting$service$US$id${US}is $status, last with status $exit$NL" ;;
        esac
    done
}

# wait_until_up: waits until all containers run and are healthy; those without a health check for three looks in a row.
wait_until_up() {
    looks=0 last='' now=$(date +%s)
    end=$((now + limit))
    while look; do
        judge
        if [ -n "$failed" ]; then
            complain "$failed"
            return 1
        fi
        if [ -z "$waiting" ]; then
            [ -z "$calm" ] || return 0
            if [ "$states" = "$last" ]; then looks=$((looks + 1)); else looks=0; fi
            last=$states
            [ "$looks" -lt 2 ] || return 0
        fi
        now=$(date +%s)
        if [ "$now" -ge "$end" ]; then
            complain "${waiting:-$project$US${US}does not come to rest$NL}" " after $limit s"
            return 1
        fi
        sleep 1
    done
    return 1
}

# complain LIST WORDS: the last lines of their logs, and what is wrong.
complain() {
    for line in $1; do
        service=${line%%"$US"*} id=${line#*"$US"}
        id=${id%%"$US"*}
        [ -z "$id" ] || docker logs --tail 12 "$id" 2>&1 </dev/null | while IFS= read -r said; do
            printf '%s: %s\n' "$service" "$said"
        done
    done
    for line in $1; do
        echo "${line%%"$US"*} ${line##*"$US"}${2-}"
    done
}

if [ "$verb" = down ]; then
    if command -v docker >/dev/null; then take_down || exit; fi
    remove_at "$file" && remove_at "$dir/.compose.yaml.infra" || say_why || exit
    remove_at "$dir" folder || :
    return 0
fi
find_compose
if [ -z "$compose" ]; then
    echo "the host has no Compose: add the package docker-compose"
    exit 1
fi
if among "$options" write; then put_file || exit; fi
look || exit
before=
for container in $containers; do
    read_container "$container"
    before=$before$id' '$started$NL
done
resume || exit
if ! among "$options" stay; then
    take_halves && take_networks && make_anew && bring_up && put_back
    is_up=$?
    note_handed || exit
    if [ "$is_up" != 0 ]; then
        if look; then
            judge
            complain "$failed$waiting"
        fi
        exit 1
    fi
fi
restart_some || exit
wait_until_up
