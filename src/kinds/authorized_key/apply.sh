# The path is "" for .ssh/authorized_keys in the user's home; the blob is in base64; the line is empty where the key goes. All other lines stay as they are; they are not known where the spec is, so the file is made here.
columns user path type blob line

# Writes the file anew: the first line that holds the key becomes $wanted, others that hold it go.
rewrite() {
    if [ -f "$path" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            if has_key "$line"; then
                line=$wanted
                wanted=
                [ -n "$line" ] || continue
            fi
            printf '%s\n' "$line" || return
        done <"$path"
    fi
    [ -z "$wanted" ] || printf '%s\n' "$wanted"
}

# Takes an ACL of the old file over to the new one.
may_replace() {
    [ -n "$(keep_access "$path" "$new")" ] || return 0
    echo "the access control list (ACL) of $path cannot be kept; the package acl can"
    return 1
}

put_key() {
    read_row "$1"
    decode "$line" && wanted=$decoded
    IFS=:
    set -- $(getent passwd "$user")
    IFS=$NL
    if [ $# -lt 6 ]; then
        echo "there is no user $user"
        return 1
    fi
    owner=$3:$4 home=${6%/} mode=0600
    if [ -n "$path" ]; then
        folder=${path%/*}
        mkdir -p -- "$folder/" || return
        if [ -f "$path" ]; then
            owner=$(stat -c %u:%g -- "$path") && mode=$(stat -c %a -- "$path") || return
        fi
    else
        folder=$home/.ssh path=$home/.ssh/authorized_keys
        if ! [ -d "$home/" ]; then
            echo "its home $home is not there"
            return 1
        fi
        # Root must not be led elsewhere by a link of the user's.
        if [ -L "$folder" ] || [ -L "$path" ]; then
            echo "$folder or what is in it is a symbolic link"
            return 1
        fi
        [ -d "$folder" ] || mkdir -m 0700 -- "$folder" || return
        chown -h -- "$owner" "$folder" && chmod -- 0700 "$folder" || return
    fi
    new=$folder/.infra-$$-$index.tmp
    (umask 077 && set -C && : >"$new") || return
    if rewrite >"$new" && may_replace && chown -h -- "$owner" "$new" && chmod -- "$mode" "$new"; then
        sync -- "$new" 2>/dev/null || sync
        mv -f -T -- "$new" "$path" && return
    fi
    rm -f -- "$new"
    return 1
}

index=0
for row in $ROWS; do
    if ! message=$(put_key "$row" </dev/null 2>&1); then
        item_failed "$index" "$message"
    fi
    index=$((index + 1))
done
