# The configuration is curl's, wanted a SHA-256; strip is how many leading folders to leave out of an archive, "" for a file that is not
# unpacked; fetch is 1 where it must be fetched.
# What is fetched is written in the stage, and its hash is compared before anything of it is used.
columns path url config wanted owner group mode strip fetch
read_row "$ROWS"
leading=$strip ownership=$owner${group:+:$group}
decode "$url" && url=$decoded
decode "$config" && config=$decoded

get() {
    if command -v curl >/dev/null; then
        printf '%s\n' "$config" | curl --disable --config - --output "$new" || {
            echo "curl could not fetch $url"
            return 1
        }
    elif command -v wget >/dev/null; then
        wget --no-verbose --timeout=60 --tries=3 --output-document="$new" -- "$url" </dev/null || {
            echo "wget could not fetch $url"
            return 1
        }
    else
        echo "neither curl nor wget is on the host: add the package curl to the spec"
        return 1
    fi
}

compare() {
    sum=$(sha256sum <"$new") || return
    sum=${sum%% *}
    if [ "$sum" != "$wanted" ]; then
        echo "$url has the checksum sha256:$sum, and the spec says sha256:$wanted; nothing was put in place"
        return 1
    fi
}

put_file() {
    hold "$path" || say_why || return
    if [ -n "$held" ] && [ -n "$(keep_access "$held" "$new")" ]; then
        echo "the access control list (ACL) of $path cannot be kept; the package acl can"
        return 1
    fi
    { [ -z "$ownership" ] || chown -- "$ownership" "$new"; } && chmod -- "$mode" "$new" || return
    sync -- "$new" 2>/dev/null || sync
    put_at "$new" "$path" || say_why
}

# Unpacks in the stage, then takes as many leading folders away as asked.
unpack() {
    mkdir -m 0755 -- "$folder" || return
    case $(dd if="$new" bs=2 count=1 2>/dev/null) in
        PK)
            command -v unzip >/dev/null || {
                echo "unzip is not on the host: add the package unzip to the spec"
                return 1
            }
            unzip -q "$new" -d "$folder" </dev/null || return
            ;;
        *) tar -x -o --no-same-permissions -f "$new" -C "$folder" </dev/null || return ;;
    esac
    rm -f -- "$new"
    while [ "$strip" -gt 0 ]; do
        mkdir -m 0755 -- "$folder.up" && find "$folder" -mindepth 2 -maxdepth 2 -exec mv -- {} "$folder.up/" \; || return
        rm -rf -- "$folder" && mv -- "$folder.up" "$folder" || return
        strip=$((strip - 1))
    done
    (cd "$folder" && find . ! -type d) >"$new" || return
    if ! [ -s "$new" ]; then
        echo "nothing is left of the archive after $leading leading folders are taken away: lower strip"
        return 1
    fi
    [ -z "$ownership" ] || chown -R -- "$ownership" "$folder"
}


# Puts the files in place; those of the archive before that are not among them go, all others stay.
put_folder() {
    if ! [ -d "$path" ]; then
        mark "$folder/.infra-download" "sha256:$wanted strip=$leading" "$new" && chmod -- "$mode" "$folder" && sync || return
        put_at "$folder" "$path" || say_why
        return
    fi
    hold "$path/.infra-download" || say_why || return
    # From here on it is known as ours, and as not finished.
    tail -n +2 "${held:-/dev/null}" >"$new.old" && mark "$new.marker" unfinished "$new.old" || return
    put_at "$new.marker" "$path/.infra-download" || say_why || return
    awk 'FNR == 1 { file++ } file == 1 { keep[$0]; next } !($0 in keep)' "$new" "$new.old" | while IFS= read -r name; do
        case $name in */../*) continue ;; ./*) remove_at "$path/${name#./}" || say_why || exit ;; esac
    done || return
    fill && mark "$new.marker" "sha256:$wanted strip=$leading" "$new" || return
    sync
    put_at "$new.marker" "$path/.infra-download" || say_why
}

# Moves what was unpacked into the folders that are there, each of which is entered; one that is not there goes there whole.
fill() {
    (cd "$folder" && find . -type d) >"$new.folders" || return
    there=$(while IFS= read -r below; do
        [ ! -d "$path${below#.}" ] || printf '%s\n' "$path${below#.}"
    done <"$new.folders")
    know_folders $there
    while IFS= read -r below; do
        from=$folder${below#.} to=$path${below#.}
        # It may have gone there with the one it is in.
        [ -d "$from" ] || continue
        enter "$to" || say_why || return
        find "$from" -mindepth 1 -maxdepth 1 ! -type d -exec mv -f -t . -- {} + || return
        find "$from" -mindepth 1 -maxdepth 1 | while IFS= read -r one; do
            here=./${one##*/}
            if [ -L "$here" ]; then rm -f -- "$here" || exit; fi
            if [ -d "$here" ]; then continue; fi
            put "$one" "${one##*/}" || say_why || exit
            # This is a subshell, at whose end nobody else removes it.
            drop_near
        done || return
        leave
    done <"$new.folders"
    [ -n "$ownership" ] || return 0
    # Inner ones first: whoever owns a folder can exchange what is in it.
    for to in $(printf '%s\n' "$there" | sort -r); do
        enter "$to" || say_why || return
        chown -- "$ownership" . || return
        leave
    done
}

# mark FILE WORDS LIST: writes what was unpacked, and what of.
mark() {
    { printf '%s\n' "$2" && cat "$3"; } >"$1" && chmod 0644 "$1"
}

# Gives owner and mode to what is there.
own() {
    if [ -d "$path" ]; then enter "$path" && held=.; else hold "$path"; fi || say_why || return
    { [ -z "$ownership" ] || chown -- "$ownership" "$held"; } && chmod -- "$mode" "$held" || return
    if [ -n "$strip" ] && [ -z "$fetch" ]; then own_below || return; fi
    leave
}

# Gives an owner to all that is in the folder that was entered. A file with a second name may be somebody else's.
own_below() {
    set --
    [ -z "$owner" ] || set -- "$@" -o ! -user "$owner"
    [ -z "$group" ] || set -- "$@" -o ! -group "$group"
    [ $# -gt 0 ] || return 0
    shift
    find . '(' "$@" ')' '(' ! -type f -o -links 1 ')' -execdir chown -h -- "$ownership" {} + || return
    left=$(find . '(' "$@" ')' -print | head -n 1)
    [ -z "$left" ] || {
        echo "$path/${left#./} has another name, which may be somebody else's file: its owner was left alone"
        return 1
    }
}

know_folders "${path%/*}/" "$path"
if [ -n "$fetch" ]; then
    ready_file "$path" || say_why || exit
    folder=$new.d
    (umask 077 && : >"$new") && get && compare || exit
    if [ -z "$strip" ]; then
        put_file
        exit
    fi
    unpack && put_folder || exit
fi
own
