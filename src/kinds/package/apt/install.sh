# apt_offers: sets $offers to what the lists of packages know: package, candidate ("(none)" where it is virtual or only
# mentioned), all versions, separated by blanks.
apt_offers() {
    set --
    for row in $ROWS; do
        read_row "$row"
        set -- "$@" "$package"
    done
    offers=$(apt-cache policy "$@" 2>/dev/null | awk -v OFS="$US" '
        function flush() { if (name != "") print name, candidate, versions " " }
        /^[^ ].*:$/ { flush(); name = substr($0, 1, length($0) - 1); candidate = versions = "" }
        /^  Candidate: / { candidate = $2 }
        /^ \*\*\* / { versions = versions " " $2 }
        /^     [^ ]/ { versions = versions " " $1 }
        END { flush() }'
    )
}

# apt_offer PACKAGE: sets $candidate and $versions; fails where the lists do not know it.
apt_offer() {
    for line in $offers; do
        case $line in
            "$1$US"* | "${1%:*}$US"*)
                line=${line#*"$US"}
                candidate=${line%%"$US"*} versions=${line#*"$US"}
                return 0
                ;;
        esac
    done
    return 1
}

# apt_offers_version PATTERN: true where one of $versions matches it.
apt_offers_version() {
    case $1 in
        '') return 0 ;;
        *'*') case $versions in *" ${1%?}"*) return 0 ;; esac ;;
        *) case $versions in *" $1 "*) return 0 ;; esac ;;
    esac
    return 1
}

# apt_lacks: true where a package or a version that is asked for is not in the lists.
apt_lacks() {
    for row in $ROWS; do
        read_row "$row"
        apt_offer "$package" && apt_offers_version "$pattern" || return 0
    done
    return 1
}

# apt_nearest PACKAGE: writes the package whose name is fewest edits away, if that is near enough.
apt_nearest() {
    apt-cache pkgnames "${1%"${1#?}"}" 2>/dev/null | awk -v name="$1" '
        function distance(a, b,   i, j, row, last, corner, cost) {
            for (j = 0; j <= length(b); j++) row[j] = j
            for (i = 1; i <= length(a); i++) {
                corner = row[0]
                row[0] = i
                for (j = 1; j <= length(b); j++) {
                    last = row[j]
                    cost = corner + (substr(a, i, 1) != substr(b, j, 1))
                    if (row[j] + 1 < cost) cost = row[j] + 1
                    if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1
                    row[j] = cost
                    corner = last
                }
            }
            return row[length(b)]
        }
        BEGIN {
            most = int((length(name) + 1) / 3)
            least = most + 1
        }
        length($0) - length(name) <= most && length(name) - length($0) <= most {
            edits = distance(name, $0)
            if (edits < least || edits == least && nearest != "" && $0 < nearest) { least = edits; nearest = $0 }
        }
        END { print nearest }'
}

# apt_choose: sets $chosen to what apt-get is to install, one a line: the rows that are not in $blamed.
apt_choose() {
    chosen=
    i=0
    for row in $ROWS; do
        index=$i
        i=$((i + 1))
        is_blamed "$index" && continue
        read_row "$row"
        chosen=$chosen$package${pattern:+=$pattern}$NL
    done
}

# apt_is_refused PACKAGE…: true where apt-get would not install these, or only by removing what no row allows; $why says so.
apt_is_refused() {
    if ! apt_removals install $apt_options "$@"; then
        apt_why "$1"
        return 0
    fi
    going=
    for gone in $removals; do
        case $may_go, in *",${gone%%:*},"*) ;; *) going="$going $gone" ;; esac
    done
    why="it would remove$going; name what may go in \`replaces\`"
    [ -n "$going" ]
}

# Fails what no repository has.
apt_blame_unknown() {
    i=0
    for row in $ROWS; do
        read_row "$row"
        index=$i
        i=$((i + 1))
        is_blamed "$index" && continue
        problem=
        if ! apt_offer "$package"; then
            nearest=$(apt_nearest "$package")
            problem="no repository of the host has a package of this name${nearest:+; did you mean $nearest?}"
        elif ! apt_offers_version "$pattern"; then
            problem="no repository of the host has version $pattern of it; there are:${versions% }"
        fi
        [ -n "$problem" ] || continue
        [ -z "$apt_update_said" ] || problem="$problem; reading the lists said: $apt_update_said"
        apt_blame_row "$index" "$problem"
    done
}

# Fails what apt-get refuses, each for its own reason where it is refused alone.
apt_blame_refused() {
    apt_choose
    if [ -z "$chosen" ] || ! apt_is_refused $chosen; then
        return
    fi
    i=0
    for row in $ROWS; do
        read_row "$row"
        index=$i
        i=$((i + 1))
        if ! is_blamed "$index" && apt_is_refused "$package${pattern:+=$pattern}"; then
            apt_blame_row "$index" "$why"
        fi
    done
    apt_choose
    if [ -n "$chosen" ] && apt_is_refused $chosen; then
        i=0
        for row in $ROWS; do
            is_blamed "$i" || apt_blame_row "$i" "$why"
            i=$((i + 1))
        done
    fi
}

# Recommends is "yes", "no" or "" for what the host is set to; replaces are packages that it may remove, separated by commas.
columns package pattern goes recommends replaces
apt_install() {
    apt_updated='' apt_update_said='' blamed=''
    apt_recover
    # What the recovery has mended is not upgraded on top.
    package_states || return
    for line in $states; do
        read_state "$line"
        [ "$state$compared" != installedmatches ] || blamed="$blamed $at"
    done
    if apt_is_stale; then apt_update; fi
    apt_offers
    if [ -z "$apt_updated" ] && apt_lacks; then
        apt_update
        apt_offers
    fi
    # All rows of a step have the same wish about recommended packages.
    read_row "${ROWS%%"$NL"*}"
    apt_options=--fix-broken
    case $recommends in
        yes) apt_options=$apt_options$NL--install-recommends ;;
        no) apt_options=$apt_options$NL--no-install-recommends ;;
    esac
    may_go=
    for row in $ROWS; do
        read_row "$row"
        # The version that is asked for may be older than the one that is there.
        [ -z "$pattern" ] || apt_options=$apt_options$NL--allow-downgrades
        may_go="$may_go,$replaces"
    done
    apt_blame_unknown
    apt_blame_refused
    apt_choose
    [ -n "$chosen" ] || return 0
    if ! apt_get install $apt_options $chosen; then
        case $apt_said in
            *' 404 '* | *'Hash Sum mismatch'* | *'Failed to fetch'*)
                echo "the lists of packages are out of date; reading them again"
                apt_update
                apt_offers
                apt_blame_unknown
                apt_blame_refused
                apt_choose
                [ -z "$chosen" ] || apt_get install $apt_options $chosen
                ;;
        esac
    fi
    apt_blame
}
