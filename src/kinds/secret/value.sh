# Values are made on the host, so the files that hold them are too.

# Sets $value to a new one, from /dev/urandom and in no argument list: form, size, alphabet for tr.
new_value() {
    value=
    case $1 in
        characters) value=$(tr -dc -- "$3" </dev/urandom 2>/dev/null | head -c "$2") ;;
        hex) value=$(head -c "$2" /dev/urandom | od -An -v -tx1 | tr -d ' \n') ;;
        base64) value=$(head -c "$2" /dev/urandom | base64 | tr -d '\n') ;;
    esac
    [ -n "$value" ]
}

# Notes what a secret replaces, before it does: path of the note, value.
note_previous() {
    (
        umask 077
        mkdir -p -- "${1%/*}" && rm -f -- "$1.new" && set -C && printf '%s' "$2" >"$1.new" || exit 1
        sync -- "$1.new" 2>/dev/null || sync
        mv -f -T -- "$1.new" "$1" && { sync -- "${1%/*}" 2>/dev/null || sync; }
    )
}

# Starts a new file beside a path, which it puts into $new: path, a number of its own. Where it cannot, $wrong says why.
start_file() {
    new=${1%/*}/.infra-$$-$2.tmp
    wrong=$(mkdir -p -- "${1%/*}/" 2>&1 && rm -f -- "$new" && umask 077 && set -C && : 2>&1 >"$new") && return 0
    wrong="cannot write beside $1: $wrong"
    return 1
}

# Puts the new file into the place of a path.
put_in_place() {
    sync -- "$new" 2>/dev/null || sync
    mv -f -T -- "$new" "$1" || wrong="cannot put $1 in place"
}
