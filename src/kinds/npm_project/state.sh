# What a project holds. node_modules/.infra-npm says what was installed last: a line with the hashes of the lock file and of
# npm's own record (node_modules/.package-lock.json), what was left out and the ABI of node; then the names of the packages,
# one a line.

# lock_file PATH: sets $lock to the lock file that npm goes by; false where there is none.
lock_file() {
    lock=$1/npm-shrinkwrap.json
    [ -f "$lock" ] || lock=$1/package-lock.json
    [ -f "$lock" ]
}

# names PATH: sets $names to the packages on the first level.
names() {
    names=
    set +f
    for found in "$1"/node_modules/[!.@]* "$1"/node_modules/@*/[!.]*; do
        [ ! -d "$found" ] && [ ! -L "$found" ] || names=$names${found#"$1/node_modules/"}$NL
    done
    set -f
    names=${names%"$NL"}
}

# hash FILE: sets $hash, "" where it may not be read.
hash() {
    hash=
    [ ! -f "$1" ] || [ ! -r "$1" ] || hash=$(sha256sum <"$1")
    hash=${hash%% *}
}
