# The path is "" for .ssh/authorized_keys in the user's home; the blob is in base64; the line is empty where the key goes. All other lines stay as they are; they are not known where the spec is, so the file is made here.
columns user path type blob line

# Writes the file anew: the first line that holds the key becomes $wanted, others that hold it go.
rewrite() {
    if [ -n "$held" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            if has_key "$line"; then
                line=$wanted
                wanted=
                [ -n "$line" ] || continue
            fi
            printf '%s\n' "$line" || return
        done <"$held"
    fi
    [ -z "$wanted" ] || printf '%s\n' "$wanted"
}

# Makes the folder of a user's own keys, or gives it owner and mode.
own_folder() {
    know_folders "$home"
    # Root must not be led elsewhere by a link of the user's.
    if [ -L "$home/.ssh" ]; then
        why="$home/.ssh is a symbolic link"
        return 1
    fi
    enter "$home" || return
    [ -d .ssh ] || why=$(mkdir -m 0700 .ssh 2>&1) || return
    know_folders "$home/.ssh"
    enter "$home/.ssh"
    set -- $?
    [ "$1" != 0 ] || [ "$(stat -c %u:%g:%a .)" = "$owner:700" ] ||
        why=$(chown -- "$owner" . 2>&1 && chmod -- 0700 . 2>&1) || set -- 1
    leave
    # It is the user's now.
    [ -z "$state_folder" ] || place_look "$home/.ssh"
    return "$1"
}

put_key() {
    decode "$line" && wanted=$decoded
    IFS=:
    set -- $(getent passwd "$user")
    IFS=$NL
    if [ $# -lt 6 ]; then
        why="there is no user $user"
        return 1
    fi
    owner=$3:$4 home=${6%/} mode=0600
    if [ -n "$path" ]; then
        know_paths
        hold "$path" || return
        if [ -n "$held" ]; then
            owner=$(stat -L -c %u:%g -- "$held") && mode=$(stat -L -c %a -- "$held") || return
        fi
    elif [ -L "$home/.ssh/authorized_keys" ]; then
        why="$home/.ssh/authorized_keys is a symbolic link"
        return 1
    elif ! [ -d "$home/" ]; then
        why="its home $home is not there"
        return 1
    else
        own_folder && path=$home/.ssh/authorized_keys && hold "$path" || return
    fi
    ready_file "$path" || return
    # An ACL of the old file goes over to the new one.
    if ! why=$(umask 077 && rewrite 2>&1 >"$new"); then
        return 1
    elif [ -n "$held" ] && [ -n "$(keep_access "$held" "$new")" ]; then
        why="the access control list (ACL) of $path cannot be kept; the package acl can"
        return 1
    fi
    why=$(chown -h -- "$owner" "$new" 2>&1 && chmod -- "$mode" "$new" 2>&1) || return
    sync -- "$new" 2>/dev/null || sync
    put_at "$new" "$path"
}

index=0
for row in $ROWS; do
    read_row "$row"
    why=
    put_key || item_failed "$index" "$why"
    index=$((index + 1))
done
