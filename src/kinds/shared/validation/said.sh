# What judges share that repeat what a program said.

# as_live: in $said, puts the paths that new files will have in the place of those where they were unpacked.
as_live() {
    for number in $numbers; do
        eval "with \"\$stage_$number/$number/\" \"\$base_$number/\""
    done
}

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
