# What dpkg knows of all packages: asked by name, dpkg-query would not know virtual ones. It is in the file that apt reads
# too, which takes half as long as dpkg-query does; but where dpkg was interrupted, a part is still in files beside it.
package_list() {
    set +f
    for _file in /var/lib/dpkg/updates/[0-9]*; do
        if [ -e "$_file" ] || ! [ -r /var/lib/dpkg/status ]; then
            set -f
            dpkg-query --show --showformat="\${Package}$US\${Architecture}$US\${db:Status-Status}$US\${Version}$US\${Provides}$US\${db:Status-Eflag}\\n"
            return
        fi
    done
    set -f
    # Which of them came as a dependency of another only.
    _marks=/var/lib/apt/extended_states
    [ -r "$_marks" ] || _marks=/dev/null
    awk -v OFS="$US" -v marks="$_marks" '
        FILENAME == marks {
            if (/^Package: /) name = $2
            if (/^Architecture: /) architecture = $2
            if (/^Auto-Installed: 1/) automatic[name ":" architecture] = automatic[name ":all"] = 1
            if ($0 == "") name = architecture = ""
            next
        }
        FNR == 1 { name = architecture = "" }
        /^Package: / { name = $2; next }
        /^Status: / { flag = $3; state = $4; next }
        /^Architecture: / { architecture = $2; next }
        /^Version: / { version = $2; next }
        /^Provides: / { provides = substr($0, 11); next }
        $0 == "" { tell() }
        END { tell() }
        function tell() {
            mark = automatic[name ":" architecture] ? "automatic" : ""
            if (name != "") print name, architecture, state, version, provides, flag, mark
            name = flag = state = architecture = version = provides = ""
        }
    ' "$_marks" /var/lib/dpkg/status
}
