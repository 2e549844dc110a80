# Row: image, network or volume (the same in all), name.
# Record: no-client; no-engine, what docker says; absent; or present and what `docker inspect` tells, in JSON.
# One listing and one inspect, however many rows.
look() {
    set -- $ROWS
    split_row "$1"
    sort=$f1
    case $sort in
        image) format='{{.Repository}}:{{.Tag}}' ;;
        *) format='{{.Name}}' ;;
    esac
    ask_docker "$sort" ls --format "$format" || return 0
    set --
    for row in $ROWS; do
        split_row "$row"
        case $NL$listed$NL in *"$NL$f2$NL"*) set -- "$@" "$f2" ;; esac
    done
    found=
    [ $# = 0 ] || found=$(docker "$sort" inspect --format '{{json .}}' "$@" </dev/null) || return
    set -- $found
    i=0
    for row in $ROWS; do
        split_row "$row"
        case $NL$listed$NL in
            *"$NL$f2$NL"*)
                emit "$i" present "$1"
                shift
                ;;
            *) emit "$i" absent ;;
        esac
        i=$((i + 1))
    done
}
look
