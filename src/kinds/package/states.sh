# package_states: sets $states to one line a row: index, state, "matches" or "differs", version, provider; or index, "twice"
# and the name in another row that is about the same package.
# Row: package, version pattern ("" for any), "remove" or "purge" where it should go.
# A manager is asked through its package_list, which writes a line for each package on the host: name, architecture, state,
# version, what it provides (as Debian's Provides), "ok" or "" where its files are whole.
package_states() {
    # An empty line at the end says that the list is not whole.
    states=$({ printf '%s\n\n' "$ROWS"; package_list || echo; } | awk -F "$US" -v OFS="$US" '
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
        function matches(pattern, version) {
            if (pattern == "" || pattern == version) return 1
            if (pattern !~ /[*]$/) return 0
            return index(version, substr(pattern, 1, length(pattern) - 1)) == 1
        }
        $0 == "" {
            if (listing) { failed = 1; exit }
            listing = 1
            next
        }
        !listing {
            row[rows++] = $0
            plain = $1
            sub(/:.*/, "", plain)
            wanted[plain] = 1
            next
        }
        # The architecture of dpkg itself is the native one.
        $1 == "dpkg" { native = $2 }
        # Waiting for a trigger of its own does not keep a package from working.
        $3 == "triggers-pending" { $3 = "installed" }
        $6 != "" && $6 != "ok" { $3 = "must be reinstalled" }
        $1 in wanted { own[$1 ":" $2] = $3 OFS $4 }
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
                name = own_name(wish[1])
                if (name in first) {
                    split(row[first[name]], other, FS)
                    twin[at] = other[1]
                    twin[first[name]] = wish[1]
                } else first[name] = at
            }
            for (at = 0; at < rows; at++) {
                if (at in twin) {
                    print at, "twice", twin[at]
                    continue
                }
                split(row[at], wish, FS)
                split(find(own, wish[1]), found, FS)
                state = found[1]
                version = found[2]
                provider = ""
                if (state != "installed" && wish[3] == "") {
                    virtual = find(provided, wish[1])
                    if (virtual != "") {
                        state = "installed"
                        split(virtual, found, FS)
                        version = found[1]
                        provider = found[2]
                    }
                }
                if (state == "" || state == "not-installed" || (state == "config-files" && wish[3] != "purge")) {
                    print at, "absent"
                } else {
                    print at, state, (matches(wish[2], version) ? "matches" : "differs"), version, provider
                }
            }
        }'
    )
}
