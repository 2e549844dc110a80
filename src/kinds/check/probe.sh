# Record: ok, bad, no-user or no-tool; then one for each expectation: its number, ok or bad, what was seen.
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
        for line in $looked; do
            printf '%s\n' "$R$US$i$US$line"
        done
    ) &
    i=$((i + 1))
done
wait
