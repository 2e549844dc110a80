# The pattern is one of the version, "" for any; goes is "remove" or "purge" where it should go.
columns package pattern goes

# read_state LINE: splits a line of $states.
read_state() {
    IFS=$US
    set -- $1
    IFS=$NL
    at=${1-} state=${2-} compared=${3-} version=${4-} provider=${5-} mark=${6-}
}

# package_states: sets $states to one line a row: index, state, "matches" or "differs", version, provider, mark; or index, "twice"
# and the name in another row that is about the same package.
# A manager is asked through its package_list, which writes a line for each package on the host: name, architecture, state,
# version, what it provides (as Debian's Provides), "ok" or "" where its files are whole, "automatic" where it is there only
# because others need it.
package_states() {
    # An empty line at the end says that the list is not whole.
    states=$({ printf '%s\n\n' "$ROWS"; package_list || echo; } | awk -F "$US" $awk_columns -v OFS="$US" '
        # Leaves out the native architecture, which a name without one means too.
        function own_name(name) {
            sub(":" native "$", "", name)
            return name
        }
        # Finds what is known of a name: of the native architecture, or of the one it names.
        function find(table, name) {
            name = own_name(name)
            if (name ~ /:/) return table[name]
            if (table[name ":" native] != "") return table[name ":" native]
            if (table[name ":all"] != "") return table[name ":all"]
            return table[name ":"]
        }
        function matches(wanted_version, version) {
            if (wanted_version == "" || wanted_version == version) return 1
            if (wanted_version !~ /[*]$/) return 0
            return index(version, substr(wanted_version, 1, length(wanted_version) - 1)) == 1
        }
        $0 == "" {
            if (listing) { failed = 1; exit }
            listing = 1
            next
        }
        !listing {
            row[rows++] = $0
            plain = $package
            sub(/:.*/, "", plain)
            wanted[plain] = 1
            next
        }
        # The architecture of dpkg itself is the native one.
        $1 == "dpkg" { native = $2 }
        # Waiting for a trigger of its own does not keep a package from working.
        $3 == "triggers-pending" { $3 = "installed" }
        $6 != "" && $6 != "ok" { $3 = "must be reinstalled" }
        $1 in wanted { own[$1 ":" $2] = $3 OFS $4 OFS $7 }
        $5 != "" && $3 == "installed" {
            count = split($5, names, /, */)
            for (at = 1; at <= count; at++) {
                name = names[at]
                version = ""
                if (name ~ / /) {
                    version = name
                    sub(/^[^=]*= */, "", version)
                    sub(/\).*$/, "", version)
                    sub(/ .*/, "", name)
                }
                sub(/:.*/, "", name)
                if (name in wanted && !((name ":" $2) in provided)) provided[name ":" $2] = version OFS $1
            }
        }
        END {
            if (failed) exit 1
            for (at = 0; at < rows; at++) {
                split(row[at], wish, FS)
                name = own_name(wish[package])
                if (name in first) {
                    split(row[first[name]], other, FS)
                    twin[at] = other[package]
                    twin[first[name]] = wish[package]
                } else first[name] = at
            }
            for (at = 0; at < rows; at++) {
                if (at in twin) {
                    print at, "twice", twin[at]
                    continue
                }
                split(row[at], wish, FS)
                split(find(own, wish[package]), found, FS)
                state = found[1]
                version = found[2]
                mark = found[3]
                provider = ""
                if (state != "installed" && wish[goes] == "") {
                    virtual = find(provided, wish[package])
                    if (virtual != "") {
                        state = "installed"
                        split(virtual, found, FS)
                        version = found[1]
                        provider = found[2]
                        mark = ""
                    }
                }
                if (state == "" || state == "not-installed" || (state == "config-files" && wish[goes] != "purge")) {
                    print at, "absent"
                } else {
                    print at, state, (matches(wish[pattern], version) ? "matches" : "differs"), version, provider, mark
                }
            }
        }'
    )
}
