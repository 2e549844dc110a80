# What programs share that give owners and modes; place.sh goes before. Row: path, owner, group, mode, where it is until it is put in
# its place ("" where it is there already); what is empty stays as it is. A row may have a level.
refused= # the indexes of rows that failed, between colons

# refuse INDEX MESSAGE: this row failed, and nothing more is done about it.
refuse() {
    refused=$refused:$1:
    item_failed "$1" "$2"
}

# inherit PATH: sets $group to that of the folder where its setgid bit gives it to what is new, which is made elsewhere.
inherit() {
    if [ "$uid" != 0 ] || ! [ -g "${1%/*}/" ]; then return 0; fi
    [ "${1%/*}" = "${heir-}" ] || heir=${1%/*} heritage=$(stat -c %g -- "${1%/*}/")
    group=$heritage
}

# give chown|chmod [LEVEL]: gives all rows, or those of a level, what they should have, with one process for each owner or mode
# there is. What lies where somebody else may write is reached by $pin_INDEX.
give() {
    given=$(
        i=-1
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ "${level-}" = "${2-}" ] || continue
            case $1 in
                chown)
                    [ -n "$group" ] || [ -z "$staged" ] || inherit "$path"
                    word=$owner${group:+:$group}
                    ;;
                # chmod takes a folder's setuid and setgid bits away only where the mode has five digits.
                *) word=${mode:+0$mode} ;;
            esac
            [ -n "$word" ] || continue
            eval "pinned=\${pin_$i-}"
            pinned=${pinned:-${staged:-$path}}
            [ "$pinned" = - ] || printf '%s\n' "$word$US$i$US$pinned"
        done
    )
    words=
    for line in $given; do
        case $NL$words in
            *"$NL${line%%"$US"*}$NL"*) ;;
            *) words=$words${line%%"$US"*}$NL ;;
        esac
    done
    for word in $words; do
        if [ "${#given}" -lt 131072 ]; then
            # As long as they are not too many, putting them together takes less than a process.
            paths=
            for line in $given; do
                case $line in "$word$US"*) paths=$paths${line##*"$US"}$NL ;; esac
            done
            "$1" -- "$word" $paths 2>/dev/null && continue
        else
            for line in $given; do
                case $line in "$word$US"*) printf '%s\0' "${line##*"$US"}" ;; esac
            done | xargs -0 "$1" -- "$word" 2>/dev/null && continue
        fi
        # Some of them failed: which, and why?
        for line in $given; do
            case $line in "$word$US"*) ;; *) continue ;; esac
            message=$("$1" -- "$word" "${line##*"$US"}" 2>&1) && continue
            line=${line#*"$US"}
            refuse "${line%%"$US"*}" "$message"
        done
    done
}

# give_one INDEX PATH: what the row that was read should have is given to a path that leads nowhere else.
give_one() {
    message=
    [ -z "$owner$group" ] || message=$(chown -- "$owner${group:+:$group}" "$2" 2>&1) &&
        { [ -z "$mode" ] || message=$(chmod -- "0$mode" "$2" 2>&1); } || refuse "$1" "$message"
}
