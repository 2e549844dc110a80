# After the first record one for each expectation, or why there is no answer.
# Record: "ok"
# Record: "bad"
# Record: "no-user"
# Record: "no-tool"
# Record: "answer", verdict, seen
# Record: number, verdict, seen
# All are looked at at once, so that one that hangs costs the others nothing.
i=0
for row in $ROWS; do
    (
        looked=$(look "$row")
        case $looked in
            no-*) verdict=$looked looked= ;;
            *"${US}bad${US}"*) verdict=bad ;;
            *) verdict=ok ;;
        esac
        emit "$i" "$verdict"
        columns number verdict seen
        for line in $looked; do
            read_row "$line"
            decode "$seen" && seen=$decoded
            emit "$i" "$number" "$verdict" "$seen"
        done
    ) &
    i=$((i + 1))
done
wait
