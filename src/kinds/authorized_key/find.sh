# has_key LINE: true where the line of a file holds the key $type $blob; sets $options to what stands before it.
has_key() {
    case $1 in
        *"$blob") options=${1%"$blob"} ;;
        *"$blob "* | *"$blob$TAB"*) options=${1%%"$blob"*} ;;
        *) return 1 ;;
    esac
    options=${options#"${options%%[!" $TAB"]*}"}
    options=${options%"${options##*[!" $TAB"]}"}
    case $options in
        '#'*) return 1 ;;
        "$type") options= ;;
        *" $type" | *"$TAB$type")
            options=${options%"$type"}
            options=${options%"${options##*[!" $TAB"]}"}
            ;;
        *) return 1 ;;
    esac
}
