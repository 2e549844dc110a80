# Record: "wanted"
# Record: "done", because
# Record: "no-container"
# Record: "no-user"
# Record: "no-directory"
i=0
for row in $ROWS; do
    (
        read_command "$row"
        guard
        case $guard in
            done) emit "$i" done "$because" ;;
            *) emit "$i" "$guard" ;;
        esac
    )
    i=$((i + 1))
done
