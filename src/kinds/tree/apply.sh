# New is "new" where the folder is not there yet; validate is the command that reads new files; more are seven fields for each thing to do: path is below the folder, want is a SHA-256
# or a target. The verbs, in this order: "folder" makes one (outer ones first), "file" writes one
# from standard input, "link" makes one, "keep" only gives owner and mode to what is there, "remove" removes a file, link
# or empty folder (inner ones first).
# A file is written beside its place with owner and mode, synced and renamed; a new folder is put in its place whole.
columns root new validate more
umask 077

# each VERBS FIELD: writes that field of the things with these verbs.
each() {
    printf '%s\n' "$things" | awk -F "$US" -v verbs=" $1 " -v field="$2" 'index(verbs, " " $1 " ") { print $field }'
}

# all COMMAND…: runs it with the paths on standard input, one a line, as further arguments; not at all where there are none.
all() {
    tr '\n' '\0' | xargs -0 -r "$@"
}

# grouped FIELD COMMAND…: runs it for each text of a field, with that text and the paths that have it.
grouped() {
    field=$1
    shift
    for text in $(printf '%s\n' "$things" | awk -F "$US" -v field="$field" '$field != "" && !seen[$field]++ { print $field }'); do
        printf '%s\n' "$things" |
            awk -F "$US" -v field="$field" -v text="$text" '$field == text { print $7 }' | all "$@" -- "$text" || return
    done
}

# Makes the folders.
prepare() {
    if [ -n "$new" ]; then
        (umask 022 && mkdir -p -- "${root%/*}/") || return
    fi
    each folder 7 | all mkdir -m 0700 --
}

# Takes the contents from standard input, whether or not they can be written.
receive() {
    while IFS=$US read -r size path; do
        [ -n "$path" ] || continue
        # Nobody may have put a link there: set -C opens with O_EXCL.
        set -C
        if [ -n "$prepared" ] && true >"$path"; then
            set +C
            take "$size" <&6 >"$path" || echo "cannot write $path; is the disk full?"
        else
            set +C
            take "$size" <&6 >/dev/null
        fi
    done <<END_OF_FILES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" { print $5, $7 }')
END_OF_FILES
}

# Lets the command read each new file; says why one may not go to its place.
judge() {
    while IFS=$US read -r place path; do
        [ -n "$path" ] || continue
        place=$root${place#"$base"}
        validate "$validate" "$path" "$place" && continue
        printf '%s\n' "$place: $said"
        return 2
    done <<END_OF_FILES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" { print $2, $7 }')
END_OF_FILES
}

# Puts everything in its place.
finish() {
    wrong=$(
        {
            each file 6
            echo
            # GNU sha256sum marks a line with a backslash where the name has one.
            each file 7 | all sha256sum -- | sed 's/^\\//'
        } | awk '
            $0 == "" { reading = 1; next }
            !reading { wanted[++count] = $0; next }
            substr($0, 1, 64) != wanted[++at] { print substr($0, 67) }
            END { if (at != count) print "a file" }
        '
    )
    if [ -n "$wrong" ]; then
        echo "${wrong%%"$NL"*} did not arrive whole; is the disk full?"
        return 1
    fi
    while IFS=$US read -r target path; do
        [ -z "$path" ] || ln -s -- "$target" "$path" || return
    done <<END_OF_LINKS
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "link" { print $6, $7 }')
END_OF_LINKS
    lost=$(keep_access $(printf '%s\n' "$things" | awk -F "$US" '$1 == "file" { print $2; print $7 }')) || return
    if [ -n "$lost" ]; then
        echo "the access control list (ACL) of ${lost%%"$NL"*} cannot be kept; the package acl can"
        return 1
    fi
    # Owner before mode, for a change of owner takes setuid and setgid away. A link has no mode.
    grouped 3 chown -h && grouped 4 chmod || return
    [ -z "$validate" ] || judge || return
    # The whole file system at once: a sync for each file takes a hundred times as long.
    sync -f -- "${base%/*}/" 2>/dev/null || sync
    if [ -n "$new" ]; then
        mv -T -- "$base" "$root" || return
    else
        while IFS=$US read -r path place; do
            [ -z "$path" ] || mv -f -T -- "$path" "$place" || return
        done <<END_OF_PLACES
$(printf '%s\n' "$things" | awk -F "$US" -v OFS="$US" '$1 == "file" || $1 == "link" { print $7, $2 }')
END_OF_PLACES
    fi
    each remove 7 | while IFS= read -r path; do
        if ! [ -d "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi
    done | all rm -f -- || return
    each remove 7 | while IFS= read -r path; do
        if [ -d "$path" ] && ! [ -L "$path" ]; then printf '%s\n' "$path"; fi
    done | all rmdir --
}

exec 6<&0 </dev/null
index=0
for row in $ROWS; do
    read_row "$row"
    base=$root prepared=1
    [ -z "$new" ] || base=${root%/*}/.infra-$$-$index.tmp
    # A line for each: verb, place, owner:group, mode, size, hash or target, path it is written to.
    things=$(
        row_columns=$awk_columns
        columns verb path owner group mode size want
        printf '%s\n' "$base" "$row" | awk -F "$US" $row_columns $awk_columns -v OFS="$US" -v pid="$$" '
            function of(column) { return $(i + column - 1) }
            NR == 1 { base = $0; next }
            {
                for (i = more; i + want - 1 <= NF; i += want) {
                    place = of(path) == "" ? base : base "/" of(path)
                    written = place
                    if ($new == "" && (of(verb) == "file" || of(verb) == "link")) {
                        sub(/[^\/]*$/, "", written)
                        written = written ".infra-" pid "-" ++count ".tmp"
                    }
                    print of(verb), place, of(owner) (of(group) == "" ? "" : ":" of(group)), of(mode), of(size), of(want), written
                }
            }
        '
    )
    message=$(prepare 2>&1) || prepared=
    receive
    status=1
    if [ -n "$prepared" ]; then
        message=$(finish 2>&1)
        status=$?
    fi
    if [ "$status" = 0 ]; then
        [ -z "$message" ] || printf '%s\n' "$message"
    else
        # What a command says of a file may take several lines.
        [ "$status" = 2 ] || message=${message%%"$NL"*}
        item_failed "$index" "$message"
        if [ -n "$new" ]; then
            rm -rf -- "$base"
        else
            each 'file link' 7 | all rm -f --
        fi
    fi
    index=$((index + 1))
done
