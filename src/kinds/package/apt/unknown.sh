# Lists that are missing or old say nothing: they are read again before anything is installed.
package_unknown() {
    apt_is_stale && return
    _names=
    for _name do _names=$_names${_name%%=*}$NL; done
    _known=$(apt-cache policy $_names 2>/dev/null) || return 0
    printf '%s\n' "$_known" | asked=$(printf '%s\n' "$@") awk '
        function has(all, pattern) {
            if (pattern ~ /[*]$/) return index(all, " " substr(pattern, 1, length(pattern) - 1))
            return index(all, " " pattern " ")
        }
        /^[^ ].*:$/ { name = substr($0, 1, length($0) - 1); versions[name] = " " }
        /^ [*][*][*] / { versions[name] = versions[name] $2 " " }
        /^     [^ ]/ { versions[name] = versions[name] $1 " " }
        END {
            count = split(ENVIRON["asked"], rows, "\n")
            for (at = 1; at <= count; at++) {
                name = rows[at]; pattern = ""
                if (index(name, "=")) {
                    pattern = substr(name, index(name, "=") + 1)
                    name = substr(name, 1, index(name, "=") - 1)
                }
                known = name
                if (!(known in versions)) sub(/:[^:]*$/, "", known)
                if (!(known in versions)) print name
                else if (pattern != "" && !has(versions[known], pattern)) print rows[at]
            }
        }'
}
