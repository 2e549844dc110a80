# Row: name, ending of its key's file (asc, gpg or "" for none), SHA-256 wanted of its sources and of its pin, where managers
# differ one for each, with commas between.
# Record: "absent", "denied", or "present" and the SHA-256 of its sources, its key and its
# pin ("" where there is none, "other" for a key in the other form), size of its key, owner, group and mode of all of them
# or of the first that is not root's with 0644. Where sources or pin are not the ones wanted: "content", which of the two,
# base64.
# A constant number of processes, and one base64 for each content that differs.
repositories=$ROWS
ROWS=$(
    for row in $repositories; do
        split_row "$row"
        printf '%s\n' "/etc/apt/sources.list.d/$f1.sources" "/etc/apt/keyrings/$f1.asc" "/etc/apt/keyrings/$f1.gpg" \
            "/etc/apt/preferences.d/$f1.pref"
    done
)
scan_paths hash
ROWS=$repositories

# take_file LINE: sets $hash, $size and $path from a line of $scanned, and $state and $access for the whole repository.
take_file() {
    split_row "$1"
    hash='' size='' path=$f8
    case $f2 in
        absent) return ;;
        denied) state=denied ;;
        file)
            [ "$state" = denied ] || state=present
            hash=$f7 size=$f6
            [ "$access" != "root:root 0644" ] || access="$f3:$f4 $f5"
            ;;
        *) state="$path is a $f2, not a file; put a file in its place or remove it" ;;
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
    split_row "$row"
    ending=$f2 wanted_sources=$f3 wanted_pin=$f4
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
