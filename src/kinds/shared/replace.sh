# What programs share that replace a file by another one. An ACL says more than a mode: where there is one, what stat shows as
# the group's part of the mode is its mask. So the new file takes over the old one's ACL, and its extended attributes, before it
# is given owner and mode.

# keep_access OLD NEW…: pairs of paths. A new file gets the ACL and the extended attributes of the file it is to replace, or none
# where that has none and the folder gave it some. Prints the old path of each that cannot. Some processes for all, none for each
# file that has nothing special, and none at all where nothing is replaced.
keep_access() {
    set -- $(
        old=
        for one do
            if [ -z "$old" ]; then
                old=$one
                continue
            fi
            if [ -f "$old" ] && ! [ -L "$old" ] && [ -f "$one" ]; then printf '%s\n' "$old" "$one"; fi
            old=
        done
    )
    [ $# -gt 0 ] || return 0
    special=$NL$(
        # GNU ls marks what has an ACL; busybox's does not, and what brings the tools for ACLs knows.
        printf '%s\0' "$@" | xargs -0 ls -ld -- 2>/dev/null | sed -n 's|^..........+[^/]*||p'
        if command -v getfacl >/dev/null; then
            printf '%s\0' "$@" | xargs -0 getfacl --skip-base --absolute-names -- 2>/dev/null | sed -n 's/^# file: //p'
        fi
        if command -v getfattr >/dev/null; then
            printf '%s\0' "$@" | xargs -0 getfattr --absolute-names -- 2>/dev/null | sed -n 's/^# file: //p'
        fi
    )$NL
    [ "$special" != "$NL$NL" ] || return 0
    old=
    for one do
        if [ -z "$old" ]; then
            old=$one
            continue
        fi
        case $special in
            *"$NL$old$NL"* | *"$NL$one$NL"*) take_over "$old" "$one" || printf '%s\n' "$old" ;;
        esac
        old=
    done
}

# take_over OLD NEW: and sees that it did, for a tool may have been built without, and that of Debian 13 leaves what the folder gave.
take_over() {
    cp --attributes-only --preserve=mode,xattr -- "$1" "$2" 2>/dev/null ||
        cp --attributes-only --preserve=mode -- "$1" "$2" 2>/dev/null
    same_access "$@" || {
        getfacl --absolute-names -- "$1" 2>/dev/null | setfacl --set-file=- -- "$2" 2>/dev/null
        same_access "$@"
    }
}

same_access() {
    marks=$(ls -ld -- "$1" "$2" | cut -c 11)
    [ "${marks%"$NL"*}" = "${marks#*"$NL"}" ] || return
    command -v getfacl >/dev/null || return 0
    [ "$(getfacl --omit-header --absolute-names -- "$1")" = "$(getfacl --omit-header --absolute-names -- "$2")" ]
}
