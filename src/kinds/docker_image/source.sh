# source_of archive|folder PATH: sets $source to what tells an archive or a folder from another state of it; empty where it
# is not there, and after "!" why it cannot be read.
source_of() {
    source=
    if ! path_state "$2"; then
        [ "$path_state" = absent ] || source="!a folder above it may not be searched"
        return 0
    fi
    case $1 in
        archive) source=$(stat -L -c %s-%Y -- "$2" 2>&1) || source="!$source" ;;
        folder)
            # A line with the status of tar, and one with the hash.
            lines=$({ {
                tar -C "$2" -c --exclude-vcs --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner . 2>/dev/null
                echo $? >&5
            } | sha256sum >&6; } 5>&1 6>&1)
            for line in $lines; do
                case $line in
                    *-) [ -n "$source" ] || source=${line%% *} ;;
                    0) ;;
                    *) source="!tar ended with status $line" ;;
                esac
            done
            ;;
    esac
}
