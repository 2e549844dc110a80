# The ending is that of the key's file, asc, gpg or "" for none; sizes are of what is on standard input, "-" for none.
# The files are put in place and the lists of this repository are read. If that fails, the files are taken back: a
# repository that does not work must not keep apt from working. One repository after another, so that each is judged by
# itself; what is written whole otherwise is all put in place at once.
columns name ending sources_size key_size pin_size

# receive_for SIZE PATH: writes that much of the input into the stage, sets $new to the file ("" for none).
receive_for() {
    new=
    [ "$1" != - ] || return 0
    if ! ready_file "$2"; then
        take "$1" >/dev/null
        problem="cannot write beside $2: $why"
    elif ! receive "$1" "$new"; then
        # Where the rest of the input begins is not known now.
        printf '%s\n' "$why"
        exit 1
    elif ! message=$(chown root:root "$new" 2>&1 && chmod 0644 "$new" 2>&1); then
        problem="cannot write $2: $message"
    else
        sync -- "$new" 2>/dev/null || sync
    fi
}

# exchange NEW PATH: what was there stays in the stage, beside the new file, until all is well.
exchange() {
    ready_stage "$2" || return
    old=$stage/$index-old-${2##*/}
    if [ -e "$2" ]; then
        why=$(ln -f -- "$2" "$old" 2>&1) || return
    fi
    if [ -n "$1" ]; then put_at "$1" "$2"; else remove_at "$2"; fi
}

take_back() {
    ready_stage "$1" || return
    old=$stage/$index-old-${1##*/}
    if [ -e "$old" ]; then put_at "$old" "$1"; else remove_at "$1"; fi
}

# Reads the lists of the one repository; sets $problem to what is wrong with it.
read_lists() {
    apt_get update -o Dir::Etc::SourceList="$sources_file" -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=0
    status=$?
    details='' errors='' warning=''
    for line in $apt_said; do
        case $line in
            ' '*) details="$details${details:+; }${line#"${line%%[! ]*}"}" ;;
            E:*) errors="$errors${errors:+; }${line#E: }" ;;
            # apt goes on with what it had, and calls these warnings.
            W:*'Failed to fetch'* | W:*"doesn't have the component"* | W:*'GPG error'*) warning=${warning:-${line#W: }} ;;
        esac
    done
    [ "$status" = 0 ] && [ -z "$errors$warning" ] && return
    [ -n "$errors" ] || [ -n "$details" ] || details=${warning:-apt-get ended with status $status}
    problem="its lists cannot be read, so it was taken back: $details${details:+${errors:+; }}$errors"
}

know_folders /etc/apt/sources.list.d /etc/apt/preferences.d /etc/apt/keyrings
was_stale=
if apt_is_stale; then was_stale=1; fi
index=0
for row in $ROWS; do
    read_row "$row"
    sources_file=/etc/apt/sources.list.d/$name.sources pin_file=/etc/apt/preferences.d/$name.pref
    key_file=/etc/apt/keyrings/$name.${ending:-asc} other_key=/etc/apt/keyrings/$name.gpg
    [ "$ending" != gpg ] || other_key=/etc/apt/keyrings/$name.asc
    problem=
    receive_for "$sources_size" "$sources_file"
    new_sources=$new
    receive_for "$key_size" "$key_file"
    new_key=$new
    receive_for "$pin_size" "$pin_file"
    new_pin=$new
    if [ -z "$problem" ]; then
        if exchange "$new_key" "$key_file" && exchange '' "$other_key" && exchange "$new_pin" "$pin_file" \
            && exchange "$new_sources" "$sources_file"; then
            read_lists
        else
            problem="its files cannot be put in place: $why"
        fi
        if [ -n "$problem" ]; then
            for path in "$sources_file" "$pin_file" "$other_key" "$key_file"; do take_back "$path"; done
        fi
    fi
    [ -z "$problem" ] || item_failed "$index" "$problem"
    index=$((index + 1))
done
# The lists of the other sources are as old as they were.
if [ -n "$was_stale" ]; then
    touch -t 200001010000 /var/lib/apt/lists
else
    touch /var/lib/apt/lists
fi
