# Looks at all of them again and again, each until it holds or its time is over.
failures=$(
    i=0
    for row in $ROWS; do
        (
            read_row "$row"
            deadline=$(($(date +%s) + within))
            while :; do
                looked=$(look "$row")
                case $looked in
                    no-user) last='the user it runs as is not there' ;;
                    no-tool) last='nothing is there to look with' ;;
                    *"${US}bad${US}"*)
                        last=${looked#*"${US}bad${US}"}
                        last=${last%%"$NL"*}
                        ;;
                    *) break ;;
                esac
                if [ "$(($(date +%s) + every))" -gt "$deadline" ]; then
                    printf '%s\n' "$i${US}it did not hold within $within s; seen last: $last"
                    break
                fi
                sleep "$every"
            done
        ) &
        i=$((i + 1))
    done
    wait
)
for failure in $failures; do
    decode "${failure#*"$US"}"
    item_failed "${failure%%"$US"*}" "$decoded"
done
