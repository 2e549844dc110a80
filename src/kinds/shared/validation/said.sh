# What judges share that repeat what a program said.

# with TEXT OTHER: puts the other in the place of each text in $said.
with() {
    rest=$said said=
    while :; do
        case $rest in
            *"$1"*)
                said=$said${rest%%"$1"*}$2
                rest=${rest#*"$1"}
                ;;
            *) break ;;
        esac
    done
    said=$said$rest
}
