# What is particular to an archive of files.
suffix=.tar

ready() {
    :
}

dump() {
    set --
    for pattern in $excludes; do
        set -- "$@" "--exclude=$pattern"
    done
    for path in $paths; do
        set -- "$@" "./${path#/}"
    done
    tar --create --file=- --numeric-owner --one-file-system --directory=/ "$@"
    # 1 means that a file changed while it was read.
    [ $? -le 1 ]
}

is_whole() {
    tar --list --file=- >/dev/null
}

exists() {
    for path in $paths; do
        [ ! -e "$path" ] && [ ! -L "$path" ] || return 0
    done
    return 1
}

load() {
    tar --extract --file=- --preserve-permissions --same-owner --numeric-owner --directory=/
}
