# Row: path, SHA-256 wanted, 1 where it is unpacked, the program that fetches it ("" where curl and wget will do), the one
# that unpacks it ("" where tar does).
# Record: absent, denied, another type; file, owner, group, mode, size, SHA-256; unpacked, owner, group, mode, size, the
# first line of its marker; folder (with files, but no marker); or no-tool and the program, where it must be fetched and
# that is missing.
# One stat and one sha256sum for all.

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
    split_row "$1"
    shift
    type=$f2 owner=$f3 group=$f4 mode=$f5 size=$f6 hash=$f7
    split_row "$row"
    path=$f1 wanted=$f2 unpack=$f3 fetcher=$f4 unpacker=$f5
    if [ "$type" = directory ]; then
        hash=
        type=unpacked
        if [ -r "$path/.infra-download" ]; then
            IFS= read -r hash <"$path/.infra-download"
        elif ! [ -e "$path/.infra-download" ]; then
            set +f
            type=absent
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
            type=no-tool owner=$missing
        fi
    fi
    case $type in
        file | unpacked) emit "$i" "$type" "$owner" "$group" "$mode" "$size" "$hash" ;;
        no-tool) emit "$i" no-tool "$owner" ;;
        *) emit "$i" "$type" ;;
    esac
    i=$((i + 1))
done
