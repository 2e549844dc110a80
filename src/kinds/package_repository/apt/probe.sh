# The ending is that of the key's file, asc, gpg or "" for none; wanted are SHA-256, where managers differ one for each, with commas
# between.
# Sources, key and pin are SHA-256, "" where there is none, "other" for a key in the other form; access is owner, group and mode of all
# of them or of the first that is not root's with 0644. Where sources or pin are not the ones wanted, their content follows.
# Record: "absent"
# Record: "denied"
# Record: "present", sources, key, pin, key_size, access
# Record: "content", which, base64
# Record: state
# A constant number of processes, and one base64 for each content that differs.
columns name ending wanted_sources wanted_pin
repositories=$ROWS
ROWS=$(
    for row in $repositories; do
        read_row "$row"
        printf '%s\n' "/etc/apt/sources.list.d/$name.sources" "/etc/apt/keyrings/$name.asc" "/etc/apt/keyrings/$name.gpg" \
            "/etc/apt/preferences.d/$name.pref"
    done
)
scan_paths hash
ROWS=$repositories

# take_file LINE: sets $hash, $size and $path from a line of $scanned, and $state and $access for the whole repository.
take_file() {
    read_scan "$1"
    hash='' size='' path=$seen_path
    case $seen_type in
        absent) return ;;
        denied) state=denied ;;
        file)
            [ "$state" = denied ] || state=present
            hash=$seen_hash size=$seen_size
            [ "$access" != "root:root 0644" ] || access="$seen_owner:$seen_group $seen_mode"
            ;;
        *) state="$path is a $seen_type, not a file; put a file in its place or remove it" ;;
    esac
}

# note_content WHICH WANTED: notes in $differing what is to be fetched, because its $hash is not the one wanted.
note_content() {
    case ",$2," in *",$hash,"*) return ;; esac
    if [ -n "$hash" ] && [ "$size" -le 65536 ]; then
        differing=$differing$1$US$path$NL
    fi
}

set -- $scanned
index=0
for row in $repositories; do
    read_row "$row"
    state=absent access="root:root 0644" differing=
    take_file "$1"
    sources=$hash
    note_content sources "$wanted_sources"
    take_file "$2"
    armored=$hash armored_size=$size
    take_file "$3"
    binary=$hash binary_size=$size
    take_file "$4"
    pin=$hash
    note_content pin "$wanted_pin"
    shift 4
    case $ending in
        gpg) key=$binary key_size=$binary_size other=$armored ;;
        *) key=$armored key_size=$armored_size other=$binary ;;
    esac
    [ -z "$other" ] || key=other
    if [ "$state" = present ]; then
        emit "$index" present "$sources" "$key" "$pin" "$key_size" "$access"
        for content in $differing; do
            emit "$index" content "${content%%"$US"*}" "$(base64 <"${content#*"$US"}" | tr -d '\n')"
        done
    else
        emit "$index" "$state"
    fi
    index=$((index + 1))
done
