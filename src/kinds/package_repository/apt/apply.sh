# The ending is that of the key's file, asc, gpg or "" for none; sizes are of what is on standard input, "-" for none.
# The files are put in place and the lists of this repository are read. If that fails, the files are taken back: a
# repository that does not work must not keep apt from working. One repository after another, so that each is judged by
# itself; what is written whole otherwise is all put in place at once.
columns name ending sources_size key_size pin_size

# receive SIZE PATH: writes that much of the input beside its target, sets $new to the file ("" for none).
receive() {
    new=
    [ "$1" != - ] || return 0
    new=${2%/*}/.infra-$$-$index-${2##*/}
    if ! message=$(mkdir -p -- "${2%/*}/" 2>&1) || ! message=$(umask 077; : 2>&1 >"$new"); then
        take "$1" >/dev/null
        problem="cannot write beside $2: $message"
    elif ! take "$1" >"$new"; then
        # Where the rest of the input begins is not known now.
        rm -f -- "$new"
        echo "cannot write $2; is the disk full?"
        exit 1
    elif ! message=$(chown root:root "$new" 2>&1 && chmod 0644 "$new" 2>&1); then
        problem="cannot write $2: $message"
    else
        sync -- "$new" 2>/dev/null || sync
    fi
}

# put_in_place NEW PATH: what was there stays beside it until all is well.
put_in_place() {
    if [ -e "$2" ]; then
        mv -f -- "$2" "${2%/*}/.infra-$$-$index-old-${2##*/}" || return
    fi
    [ -z "$1" ] || mv -f -- "$1" "$2"
}

take_back() {
    if [ -e "${1%/*}/.infra-$$-$index-old-${1##*/}" ]; then
        mv -f -- "${1%/*}/.infra-$$-$index-old-${1##*/}" "$1"
    else
        rm -f -- "$1"
    fi
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

was_stale=
if apt_is_stale; then was_stale=1; fi
index=0
for row in $ROWS; do
    read_row "$row"
    sources_file=/etc/apt/sources.list.d/$name.sources pin_file=/etc/apt/preferences.d/$name.pref
    key_file=/etc/apt/keyrings/$name.${ending:-asc} other_key=/etc/apt/keyrings/$name.gpg
    [ "$ending" != gpg ] || other_key=/etc/apt/keyrings/$name.asc
    problem=
    receive "$sources_size" "$sources_file"
    new_sources=$new
    receive "$key_size" "$key_file"
    new_key=$new
    receive "$pin_size" "$pin_file"
    new_pin=$new
    if [ -z "$problem" ]; then
        if put_in_place "$new_key" "$key_file" && put_in_place '' "$other_key" && put_in_place "$new_pin" "$pin_file" \
            && put_in_place "$new_sources" "$sources_file"; then
            read_lists
        else
            problem="its files cannot be put in place"
        fi
        if [ -n "$problem" ]; then
            for path in "$sources_file" "$pin_file" "$other_key" "$key_file"; do take_back "$path"; done
        fi
    fi
    for path in "$sources_file" "$pin_file" "$other_key" "$key_file"; do
        rm -f -- "${path%/*}/.infra-$$-$index-${path##*/}" "${path%/*}/.infra-$$-$index-old-${path##*/}"
    done
    [ -z "$problem" ] || item_failed "$index" "$problem"
    index=$((index + 1))
done
# The lists of the other sources are as old as they were.
if [ -n "$was_stale" ]; then
    touch -t 200001010000 /var/lib/apt/lists
else
    touch /var/lib/apt/lists
fi
