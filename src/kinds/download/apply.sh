# The configuration is curl's, wanted a SHA-256; strip is how many leading folders to leave out of an archive, "" for a file that is not
# unpacked; fetch is 1 where it must be fetched.
# What is fetched is written beside the target, and its hash is compared before anything of it is used.
columns path url config wanted owner group mode strip fetch
read_row "$ROWS"
leading=$strip
decode "$url" && url=$decoded
decode "$config" && config=$decoded

new=${path%/*}/.infra-$$.download
folder=$new.d
trap 'rm -rf -- "$new" "$folder" "$folder.up"' EXIT

get() {
    mkdir -p -- "${path%/*}/" && (umask 077 && set -C && : >"$new") || return
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

own() {
    [ -z "$owner$group" ] || chown "$@" -- "$owner${group:+:$group}" "$target" || return
}

put_file() {
    target=$new
    if [ -n "$(keep_access "$path" "$new")" ]; then
        echo "the access control list (ACL) of $path cannot be kept; the package acl can"
        return 1
    fi
    own && chmod -- "$mode" "$new" || return
    sync -- "$new" 2>/dev/null || sync
    mv -f -T -- "$new" "$path"
}

# Unpacks into a folder beside, then takes as many leading folders away as asked.
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
}

# Puts the files in place; those of the archive before that are not among them go, all others stay.
put_folder() {
    if [ -d "$path" ]; then
        old=
        [ ! -r "$path/.infra-download" ] || old=$path/.infra-download
        if [ -n "$old" ]; then
            awk 'FNR == 1 { file++ } file == 1 { keep[$0]; next } FNR > 1 && !($0 in keep)' "$new" "$old" |
                (cd "$path" && while IFS= read -r name; do rm -f -- "$name"; done) || return
            # From here on it is known as ours, and as not finished.
            { echo unfinished && tail -n +2 "$old"; } >"$new.old" && cat "$new.old" >"$old" && rm -f -- "$new.old" || return
        else
            echo unfinished >"$path/.infra-download" || return
        fi
        target=$folder
        own -R || return
        (cd "$folder" && tar -c -f - .) | (cd "$path" && tar -x -p -f -) || return
        mark "$folder.marker" || return
        sync
        mv -f -T -- "$folder.marker" "$path/.infra-download"
    else
        target=$folder
        own -R && mark "$folder/.infra-download" || return
        sync
        mv -T -- "$folder" "$path"
    fi
}

# mark FILE: writes what was unpacked, and what of.
mark() {
    { echo "sha256:$wanted strip=$leading" && cat "$new"; } >"$1" && chmod 0644 "$1"
}

if [ -n "$fetch" ]; then
    get && compare || exit
    if [ -z "$strip" ]; then
        put_file
        exit
    fi
    unpack && put_folder || exit
fi
target=$path
own && chmod -- "$mode" "$path" || exit
if [ -n "$strip" ] && [ -z "$fetch" ]; then
    own -R
fi
