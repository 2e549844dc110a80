# After ask.sh. The sort is image, network or volume, the same in all rows; found is what `docker inspect` tells, in JSON.
# Record: "absent"
# Record: "present", json
# One listing and one inspect, however many rows.
columns sort name
look() {
    set -- $ROWS
    read_row "$1"
    case $sort in
        image) format='{{.Repository}}:{{.Tag}}' ;;
        *) format='{{.Name}}' ;;
    esac
    ask_docker "$sort" ls --format "$format" || return 0
    set --
    for row in $ROWS; do
        read_row "$row"
        case $NL$listed$NL in *"$NL$name$NL"*) set -- "$@" "$name" ;; esac
    done
    found=
    [ $# = 0 ] || found=$(docker "$sort" inspect --format '{{json .}}' "$@" </dev/null) || return
    set -- $found
    i=0
    for row in $ROWS; do
        read_row "$row"
        case $NL$listed$NL in
            *"$NL$name$NL"*)
                json=$1
                emit "$i" present "$json"
                shift
                ;;
            *) emit "$i" absent ;;
        esac
        i=$((i + 1))
    done
}
look
