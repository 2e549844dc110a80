# nginx reads a copy of its whole configuration with the new files in it, in a folder that nobody else may enter.
live=/etc/nginx
view=/etc/.infra-nginx

# Makes the copy, in which nothing leads back to the original.
make_view() {
    rm -rf -- "$view"
    mkdir -m 0700 -- "$view" && cp -R -p -- "$live/." "$view/" || return
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -z "$staged" ] || cp -p -- "$staged" "$view${path#"$live"}" || return
    done
    find "$view" -type l | while IFS= read -r link; do
        target=$(readlink -- "$link")
        case $target in "$live"/*) ln -s -f -n -- "$view${target#"$live"}" "$link" || exit ;; esac
    done || return
    find "$view" -type f -size -2048 -exec grep -l -F -e "$live/" -- {} + | tr '\n' '\0' |
        xargs -0 -r sed -i "s#$live/#$view/#g" --
}

# ask FOLDER: sets $said to what nginx says of a configuration, with the paths that files will have.
ask() {
    said=$(nginx -t -q -c "$1/nginx.conf" 2>&1 </dev/null)
    status=$?
    with "$view" "$live"
    return "$status"
}

# refuse_new [NAMED]: refuses the new files; only those that are named in what was said, where that is asked for. A site is named by
# its link, so the last part of a path counts.
refuse_new() {
    i=-1 blamed=
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -n "$staged" ] || continue
        case ${1:+$after} in
            '' | *"/${path##*/}:"[0-9]*)
                refuse "$i" "nginx refuses it, and it was not put in place:$NL$after"
                blamed=1
                ;;
        esac
    done
    [ -n "$blamed" ]
}

# Refuses what may not go live; succeeds when all the rest may.
judge() {
    if ! message=$(make_view 2>&1); then
        after="its configuration cannot be copied for it: $message"
        refuse_new
        return 0
    fi
    ! ask "$view" || return 0
    after=$said
    # A mistake in one file hides those in others.
    ! refuse_new named || return 1
    # What is wrong without the new files is nothing against them: others may be about to mend it.
    ask "$live" || return 0
    refuse_new
    return 0
}

if command -v nginx >/dev/null && [ -f "$live/nginx.conf" ]; then
    at_exit=${at_exit:+"$at_exit; "}'rm -rf -- /etc/.infra-nginx'
    until judge; do :; done
    rm -rf -- "$view"
fi
