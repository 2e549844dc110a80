# Wanted is a SHA-256; unpack is 1 where it is unpacked; the fetcher is "" where curl and wget will do, the unpacker where tar does. Of
# what is unpacked, the hash is the first line of its marker; a folder is one with files, but no marker; a program is missing where
# it must be fetched.
# Record: "absent"
# Record: "denied"
# Record: "file", owner, group, mode, size, hash
# Record: "unpacked", owner, group, mode, size, hash
# Record: "folder"
# Record: "no-tool", missing
# Record: type
# One stat and one sha256sum for all.
columns path wanted unpack fetcher unpacker

# tool: sets $missing to the program that is not on the host.
tool() {
    missing=
    if [ -n "$fetcher" ]; then
        command -v "$fetcher" >/dev/null || missing=$fetcher
    else
        command -v curl >/dev/null || command -v wget >/dev/null || missing=curl
    fi
    [ -z "$unpacker" ] || command -v "$unpacker" >/dev/null || missing=$unpacker
}

scan_paths hash
i=0
set -- $scanned
for row in $ROWS; do
    read_scan "$1"
    shift
    type=$seen_type owner=$seen_owner group=$seen_group mode=$seen_mode size=$seen_size hash=$seen_hash
    read_row "$row"
    if [ "$type" = directory ]; then
        hash=
        type=unpacked
        if [ -r "$path/.infra-download" ]; then
            IFS= read -r hash <"$path/.infra-download"
        elif ! [ -e "$path/.infra-download" ]; then
            set +f
            # An archive may fill an empty folder; a file cannot be put in its place.
            type=absent
            [ -n "$unpack" ] || [ -z "$wanted" ] || type=directory
            for found in "$path"/* "$path"/.[!.]*; do
                [ ! -e "$found" ] && [ ! -L "$found" ] || type=folder
            done
            set -f
        fi
        [ -x "$path" ] && [ -r "$path" ] || type=denied
    fi
    case $type${unpack:+-unpack} in
        absent | absent-unpack) is_right='' ;;
        file) [ "$hash" = "$wanted" ] && is_right=1 || is_right='' ;;
        unpacked-unpack) case $hash in "sha256:$wanted "*) is_right=1 ;; *) is_right='' ;; esac ;;
        *) is_right=1 ;;
    esac
    if [ -z "$is_right" ] && [ -n "$wanted" ]; then
        tool
        if [ -n "$missing" ]; then
            type=no-tool
        fi
    fi
    case $type in
        file | unpacked) emit "$i" "$type" "$owner" "$group" "$mode" "$size" "$hash" ;;
        no-tool) emit "$i" no-tool "$missing" ;;
        *) emit "$i" "$type" ;;
    esac
    i=$((i + 1))
done
