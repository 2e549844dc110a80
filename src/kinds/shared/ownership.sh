# What programs share that give owners and modes. Row: path, owner, group, mode, where it is until it is put in its place
# ("" where it is there already); what is empty stays as it is.
refused= # the indexes of rows that failed, between colons

# refuse INDEX MESSAGE: this row failed, and nothing more is done about it.
refuse() {
    refused=$refused:$1:
    item_failed "$1" "$2"
}

# give chown|chmod: gives all rows what they should have, with one process for each owner or mode there is.
give() {
    given=$(
        i=-1
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            case $1 in
                chown) word=$owner${group:+:$group} ;;
                # chmod takes a folder's setuid and setgid bits away only where the mode has five digits.
                *) word=${mode:+0$mode} ;;
            esac
            [ -z "$word" ] || printf '%s\n' "$word$US$i$US${staged:-$path}"
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
        for line in $given; do
            case $line in "$word$US"*) printf '%s\0' "${line##*"$US"}" ;; esac
        done | xargs -0 "$1" -- "$word" 2>/dev/null && continue
        # Some of them failed: which, and why?
        for line in $given; do
            case $line in "$word$US"*) ;; *) continue ;; esac
            message=$("$1" -- "$word" "${line##*"$US"}" 2>&1) && continue
            line=${line#*"$US"}
            refuse "${line%%"$US"*}" "$message"
        done
    done
}
