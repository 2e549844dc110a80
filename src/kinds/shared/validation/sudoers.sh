# visudo reads a copy of /etc/sudoers in which the folder is named file by file: the new ones where they were unpacked, the
# others where they are. So it sees what sudo would see, and an alias that is defined twice is the new file's fault.
live=/etc/sudoers.d

# Writes what visudo reads. Sets $is_read where sudo reads the folder at all; fails where not all could be written, for
# visudo would find nothing wrong with what is not there.
write_view() {
    is_read=
    for file in $others $coming; do
        case ${file##*/} in
            *.* | *~) ;;
            *) printf '#include "%s"\n' "$file" || return ;;
        esac
    done >"$view.d" || return
    while IFS= read -r line || [ -n "$line" ]; do
        IFS=" $TAB"
        set -- $line
        IFS=$NL
        case ${1-}:${2-} in
            [@#]includedir:"$live" | [@#]includedir:"$live/" | [@#]includedir:"\"$live\"")
                is_read=1
                printf '#include %s\n' "$view.d" || return
                ;;
            *) printf '%s\n' "$line" || return ;;
        esac
    done </etc/sudoers >"$view" || return
}

# ask FILE: sets $said to what visudo says, with the paths that files will have. An alias that nothing defines counts as a
# mistake: in `ALL, !NAME` it would allow what it should forbid.
ask() {
    said=$(LC_ALL=C visudo -c -s -f "$1" 2>&1 </dev/null)
    status=$?
    as_live
    with "$live//" "$live/"
    with "$view.d" "$live"
    with "$view" /etc/sudoers
    return "$status"
}

# about PATH: prints what was said of a file, with the lines of it that were shown.
about() {
    is_shown=
    for line in $said; do
        case $line in
            "$1: parsed OK") is_shown= ;;
            "$1:"*)
                is_shown=1
                printf '%s\n' "$line"
                ;;
            /*:* | Warning:* | visudo:*) is_shown= ;;
            *) [ -z "$is_shown" ] || printf '%s\n' "$line" ;;
        esac
    done
}

# refuse_all MESSAGE: whatever has not failed yet.
refuse_all() {
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) ;; *) refuse "$i" "$1" ;; esac
    done
}

# refuse_by CHECK MESSAGE: each without which the check holds; all, where it takes more than one.
refuse_by() {
    guilty='' one=-1
    for _ in $ROWS; do
        one=$((one + 1))
        case $refused in *":$one:"*) continue ;; esac
        others_refused=$refused refused=$refused:$one:
        gather "$live"
        if [ -z "$coming$leaving" ]; then
            guilty=$guilty$one$NL
        elif write_view && "$1"; then
            guilty=$guilty$one$NL
        fi
        refused=$others_refused
    done
    for one in $guilty; do refuse "$one" "$2"; done
    [ -n "$guilty" ] || refuse_all "$2"
}

# Sets $account to the one that logged in and then became root; to nothing where that was root.
find_account() {
    account='' pid=$$
    while [ "${pid:-0}" -gt 1 ]; do
        parent='' uid=''
        while IFS=" $TAB" read -r name value _; do
            case $name in
                PPid:) parent=$value ;;
                Uid:)
                    uid=$value
                    break
                    ;;
            esac
        done <"/proc/$pid/status"
        if [ "${uid:-0}" != 0 ]; then
            account=$(id -un -- "$uid" 2>/dev/null)
            return
        fi
        pid=$parent
    done
}

# Whether the account would become root as easily as it does now. Where nothing can tell, that is no objection.
keeps_root() {
    find_account
    if [ -z "$account" ] || ! command -v unshare >/dev/null || ! command -v runuser >/dev/null; then return 0; fi
    rm -rf -- "$view.live"
    mkdir -m 0755 -- "$view.live" || return 0
    [ -z "$others$coming" ] || cp -p -- $others $coming "$view.live/" || return 0
    become_root "$live"
    now=$how
    become_root "$view.live"
    if [ "$now" -lt 10 ] || [ "$how" -lt 10 ]; then return 0; fi
    [ "$how" -ge "$now" ]
}

# become_root FOLDER: sudo itself is asked, where this folder is in the place of the one it reads: in a mount that nobody
# else sees. Sets $how to 12 where the account becomes root without a password, 11 where with one, 10 where not, and to less
# where no such mount can be made.
become_root() {
    unshare -m -- "$SH" -c '
        mount --bind -- "$2" /etc/sudoers.d || exit 9
        if runuser -u "$1" -- sudo -k -n -- "$0" -c :; then exit 12; fi
        if sudo -n -l -U "$1" -- "$0" -c :; then exit 11; fi
        exit 10' "$SH" "$account" "$1" >/dev/null 2>&1 </dev/null
    how=$?
}

# Refuses what may not go live; succeeds when all the rest may.
judge() {
    gather "$live"
    [ -n "$coming$leaving" ] || return 0
    if ! command -v visudo >/dev/null; then
        # What nothing reads may go.
        [ -z "$coming" ] || refuse_all 'visudo is not installed'
        return 0
    fi
    if ! write_view; then
        refuse_all "what visudo is to read cannot be written to $view"
        return 0
    fi
    if [ -z "$is_read" ]; then
        [ -z "$coming" ] || refuse_all "sudo does not read $live here: /etc/sudoers has no line \"@includedir $live\""
        return 0
    fi
    if ! ask "$view"; then
        # Mistakes hide others, so what is left is looked at again.
        ! blame || return 1
        # It is said of other files. Where it was said before, it is nothing against the new ones.
        after=$said
        ask /etc/sudoers
        before=$said said=$after
        if ! is_known; then
            refuse_by says_no_more "with this change visudo refuses others, so it was not made:$NL$new"
            return 1
        elif ! visudo -c -f "$view" >/dev/null 2>&1 </dev/null; then
            refuse_all "visudo refuses what is there already and judges nothing beside it; mend that first:$NL$after"
            return 0
        fi
    fi
    keeps_root && return 0
    refuse_by keeps_root "with this change the account $account, which infra logs in as, could not become root as it does now"
    return 1
}

# Whether visudo says no more than what it said before. Sets $new to what it does say.
is_known() {
    new=
    for line in $said; do
        # That an alias is of no use is no mistake.
        case $line in "Warning: "*) continue ;; esac
        case $NL$before$NL in *"$NL$line$NL"*) ;; *) new=$new${new:+$NL}$line ;; esac
    done
    [ -z "$new" ]
}
says_no_more() { ask "$view" || is_known; }

# Refuses the files that something is said of, if any.
blame() {
    blamed=
    each_staged refuse_if_named
    [ -n "$blamed" ]
}
refuse_if_named() {
    words=$(about "$path")
    [ -n "$words" ] || return 0
    refuse "$1" "visudo refuses it, and it was not put in place:$NL$words"
    blamed=1
}

if find_view "$live"; then
    view=$view/sudoers
    mask=$(umask)
    umask 077
    until judge; do :; done
    umask "$mask"
else
    refuse_all "what visudo is to read cannot be written: $why"
fi
