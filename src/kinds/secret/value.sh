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
    why=$(umask 077 && mkdir -p -- "${1%/*}" 2>&1) && ready_file "$1" || return
    why=$(umask 077 && printf '%s' "$2" 2>&1 >"$new") || return
    sync -- "$new" 2>/dev/null || sync
    put_at "$new" "$1" && { sync -- "${1%/*}" 2>/dev/null || sync; }
}

# start_file PATH: starts a new file for a path, which it puts into $new, and sets $held to what can be read of the old one. Where it
# cannot, $wrong says why.
start_file() {
    wrong=
    hold "$1" && ready_file "$1" && why=$(umask 077 && : 2>&1 >"$new") && return
    wrong="cannot write beside $1: $why"
    return 1
}

# Puts the new file into the place of a path.
put_in_place() {
    sync -- "$new" 2>/dev/null || sync
    put_at "$new" "$1" || wrong="cannot put $1 in place: $why"
}
