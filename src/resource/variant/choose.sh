# choose_variant: sets $variant to the variant that fits the host, empty where none does, and then $stranger to what the host has
# instead, or "none". With $may_come, one is assumed where the host has nothing yet, and $assumed is set.
# $variants has a line for each: name, programs and paths that it needs, families of systems that it is by default for, with ":"
# between these and blanks between words. $strangers are programs. No process.
choose_variant() {
    variant='' stranger=none assumed='' _fitting=''
    for _line in $variants; do
        _needs=${_line#*:}
        _fits=1
        IFS=' '
        for _need in ${_needs%%:*}; do
            case $_need in
                /*) [ -e "$_need" ] || _fits='' ;;
                *) command -v "$_need" >/dev/null 2>&1 || _fits='' ;;
            esac
        done
        IFS=$NL
        [ -z "$_fits" ] || _fitting=$_fitting$_line$NL
    done
    case $_fitting in
        '')
            for _program in $strangers; do
                command -v "$_program" >/dev/null 2>&1 || continue
                stranger=$_program
                break
            done
            [ -n "$may_come" ] && [ "$stranger" = none ] || return 0
            assumed=1 _fitting=$variants$NL
            ;;
    esac
    case $_fitting in
        *"$NL"?*) _choose_by_family ;;
    esac
    variant=${variant:-${_fitting%%:*}}
}

# Of several that fit, the one for the host's own family goes first.
_choose_by_family() {
    _id='' _id_like=''
    for _file in /etc/os-release /usr/lib/os-release; do
        [ -r "$_file" ] || continue
        while IFS= read -r _line || [ -n "$_line" ]; do
            case $_line in
                ID=*) _id=${_line#ID=} ;;
                ID_LIKE=*) _id_like=${_line#ID_LIKE=} ;;
            esac
        done <"$_file"
        break
    done
    _families=
    for _words in "$_id" "$_id_like"; do
        case $_words in
            \"*\" | \'*\')
                _words=${_words#?}
                _words=${_words%?}
                ;;
        esac
        _families="$_families $_words"
    done
    IFS=' '
    for _family in $_families; do
        IFS=$NL
        for _line in $_fitting; do
            case " ${_line##*:} " in
                *" $_family "*)
                    variant=${_line%%:*}
                    return 0
                    ;;
            esac
        done
    done
    IFS=$NL
}
