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

# start_file PATH: starts a new file for a path, or for what a link there leads to ($kept), which it puts into $new, and sets $held to what
# can be read of the old one. Where it cannot, $wrong says why.
start_file() {
    wrong=
    hold_followed "$1" && ready_file "$followed" && why=$(umask 077 && : 2>&1 >"$new") && kept=$followed && return
    wrong="cannot write beside $1: $why"
    return 1
}

# put_in_place PATH OLD: puts the new file into the place of the old one, which says whose it is and who may read it; but not everybody.
put_in_place() {
    if [ -n "$2" ]; then
        if [ -n "$(keep_access "$2" "$new")" ]; then
            wrong="the access control list (ACL) of $1 cannot be kept; the package acl can"
            return
        fi
        why=$(
            exec 2>&1
            owner=$(stat -c %u:%g -- "$2") mode=$(stat -c %a -- "$2") || exit
            [ "$(stat -c %u:%g -- "$new")" = "$owner" ] || chown -h -- "$owner" "$new" || exit
            chmod -- "$mode" "$new" && chmod o= -- "$new"
        )
        [ $? = 0 ] || { wrong="$1 cannot keep its owner and mode: $why" && return; }
    fi
    sync -- "$new" 2>/dev/null || sync
    put_at "$new" "$kept" || wrong="cannot put $1 in place: $why"
}
