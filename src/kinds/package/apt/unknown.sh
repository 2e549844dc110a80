# Lists that are missing or old say nothing: they are read again before anything is installed.
package_unknown() {
    apt_is_stale && return
    _known=$NL$(apt-cache policy "$@" 2>/dev/null)$NL || return 0
    for _name do
        case $_known in *"$NL$_name:$NL"* | *"$NL${_name%:*}:$NL"*) ;; *) printf '%s\n' "$_name" ;; esac
    done
}
