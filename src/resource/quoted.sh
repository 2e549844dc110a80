# quoted TEXT: sets $quoted to the text as one word of a shell program, for what as_user runs.
quoted() {
    quoted=
    quoting=$1
    while :; do
        case $quoting in
            *\'*)
                quoted="$quoted${quoting%%\'*}'\\''"
                quoting=${quoting#*\'}
                ;;
            *)
                quoted="'$quoted$quoting'"
                return 0
                ;;
        esac
    done
}
