# sshd reads its whole configuration with the new files in it: a copy of /etc/ssh/sshd_config in which the folder is named file
# by file, the new ones where they were unpacked, the others where they are.
main=/etc/ssh/sshd_config
live=/etc/ssh/sshd_config.d
# What sshd says ends in one.
return=$(printf '\r')

# Writes what sshd reads.
write_view() {
    gather "$live"
    from=$main
    for file in $coming; do
        [ "${file##*/}" != sshd_config ] || from=$file
    done
    names=$(
        for file in $others $coming; do
            case ${file##*/} in
                sshd_config | .*) ;;
                *.conf) printf '%s\n' "${file##*/}$US$file" ;;
            esac
        done | sort
    )
    files=
    for file in $names; do files="$files \"${file#*"$US"}\""; done
    while IFS= read -r line || [ -n "$line" ]; do
        IFS=" $TAB"
        set -- $line
        IFS=$NL
        case ${1-}:${2-} in
            [Ii]nclude:"$live/*.conf" | [Ii]nclude:"\"$live/*.conf\"")
                # Its line stays, so that those after it keep their numbers.
                line=${files:+Include$files}
                ;;
        esac
        printf '%s\n' "$line" || return
    done <"$from" >"$view" || return
}

# ask FILE: sets $said to what sshd says of a configuration, with the paths that files will have.
ask() {
    said=$("$sshd" -t -f "$1" 2>&1 </dev/null)
    status=$?
    with "$return" ''
    as_live
    with "$view" "$main"
    return "$status"
}

refuse_if_named() {
    case $after in
        *"$path line "* | *"$path: "*)
            refuse "$1" "sshd refuses it, and it was not put in place:$NL$after"
            blamed=1
            ;;
    esac
}
refuse_it() { refuse "$1" "with this file sshd refuses its configuration, so it was not put in place:$NL$after"; }

# Refuses what may not go live; succeeds when all the rest may.
judge() {
    write_view || return 0
    [ -n "$coming" ] || return 0
    ! ask "$view" || return 0
    after=$said blamed=
    each_staged refuse_if_named
    # A mistake in one file hides those in others.
    [ -z "$blamed" ] || return 1
    # Where it is said of the configuration as it is, it is nothing against the new files.
    if ! ask "$main" && [ "$said" = "$after" ]; then return 0; fi
    each_staged refuse_it
    return 0
}

if sshd=$(command -v sshd) && find_view /etc/ssh; then
    view=$view/view
    mask=$(umask)
    umask 077
    until judge; do :; done
    umask "$mask"
fi
