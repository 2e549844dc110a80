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

# variables NAME…: sets $data to a text that sets these variables.
variables() {
    data=
    for variable do
        eval "quoted \"\$$variable\""
        data=$data$variable=$quoted$NL
    done
}
