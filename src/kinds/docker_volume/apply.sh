# The verb is create or remove; more are pairs: o or l, and the option or label as key=value.
columns name verb driver more
i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_row "$row"
    IFS=$US
    set -- $more
    IFS=$NL
    if [ "$verb" = remove ]; then
        message=$(docker volume rm "$name" </dev/null 2>&1) || item_failed "$i" "$message"
        continue
    fi
    arguments=
    while [ $# -gt 1 ]; do
        case $1 in
            o) arguments=$arguments--opt$NL$2$NL ;;
            l) arguments=$arguments--label$NL$2$NL ;;
        esac
        shift 2
    done
    message=$(docker volume create --driver "$driver" $arguments "$name" </dev/null 2>&1) || item_failed "$i" "$message"
done
