# nginx reads a copy of its whole configuration with the new files in it, in a folder that nobody else may enter.
live=/etc/nginx

show() { cp -p -- "$staged" "$view${path#"$live"}"; }

# Makes the copy, in which nothing leads back to the original, and what goes is gone.
make_view() {
    rm -rf -- "$view"
    mkdir -m 0700 -- "$view" && cp -R -p -- "$live/." "$view/" || return
    for row in $ROWS; do
        read_row "$row"
        [ -n "$mode" ] || rm -f -- "$view${path#"$live"}" || return
    done
    each_staged show || return
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

refuse_it() {
    refuse "$1" "nginx refuses it, and it was not put in place:$NL$after"
    blamed=1
}

# A site is named by its link, so the last part of a path counts.
refuse_if_named() {
    case $after in *"/${path##*/}:"[0-9]*) refuse_it "$1" ;; esac
}

# Refuses what may not go live; succeeds when all the rest may.
judge() {
    if ! message=$(make_view 2>&1); then
        after="its configuration cannot be copied for it: $message"
        each_staged refuse_it
        return 0
    fi
    ! ask "$view" || return 0
    after=$said blamed=
    each_staged refuse_if_named
    # A mistake in one file hides those in others.
    [ -z "$blamed" ] || return 1
    # What is wrong without the new files is nothing against them: others may be about to mend it.
    ask "$live" || return 0
    each_staged refuse_it
    return 0
}

if command -v nginx >/dev/null && [ -f "$live/nginx.conf" ]; then
    if stage_for /etc; then
        view=$stage/nginx
        until judge; do :; done
    else
        after="its configuration cannot be copied for it: $why"
        each_staged refuse_it
    fi
fi
