# What programs share that ask whether a unit has the links of today's [Install]. Of the unit they know $id, its own name, $fragment
# and $drop_ins, as systemd shows them. No process, but for UpheldBy=.

# expand WORD: sets $expanded to it with the specifiers that stand for parts of the name $id; fails at others.
expand() {
    expanded='' rest=$1 stem=${id%.*}
    while :; do
        case $rest in
            *%*) expanded=$expanded${rest%%"%"*} rest=${rest#*"%"} ;;
            *) expanded=$expanded$rest && return ;;
        esac
        case $rest in
            n*) expanded=$expanded$id ;;
            N*) expanded=$expanded$stem ;;
            p*) expanded=$expanded${stem%%@*} ;;
            i*) case $stem in *@*) expanded=$expanded${stem#*@} ;; esac ;;
            *) return 1 ;;
        esac
        rest=${rest#?}
    done
}

# read_install FILE…: what their [Install] says, in $by_wants, $by_requires, $by_upholds, $aliases and $also, a line for each name.
read_install() {
    by_wants='' by_requires='' by_upholds='' aliases='' also=''
    for read_from do
        [ -r "$read_from" ] || continue
        section='' begun=''
        while IFS=" $TAB" read -r text || [ -n "$text" ]; do
            case $text in '#'* | ';'*) continue ;; esac
            text=$begun$text begun=''
            case $text in
                *\\) begun="${text%?} " ;;
                '['*) section=$text ;;
                *=*) [ "$section" != '[Install]' ] || add "${text%%=*}" "${text#*=}" ;;
            esac
        done <"$read_from"
    done
}

# add KEY WORDS: an empty list takes back what came before.
add() {
    case $1 in
        WantedBy | WantedBy[" $TAB"]*) list=by_wants ;;
        RequiredBy | RequiredBy[" $TAB"]*) list=by_requires ;;
        UpheldBy | UpheldBy[" $TAB"]*) list=by_upholds ;;
        Alias | Alias[" $TAB"]*) list=aliases ;;
        Also | Also[" $TAB"]*) list=also ;;
        *) return 0 ;;
    esac
    IFS=" $TAB"
    words=
    for word in $2; do
        # What else a specifier stands for is not told apart: its link is taken to be there.
        ! expand "$word" || words=$words$expanded$NL
    done
    IFS=$NL
    if [ -n "${2#"${2%%[! $TAB]*}"}" ]; then eval "$list=\$$list\$words"; else eval "$list="; fi
}

# is_linked NAME: whether a folder of units that lasts has this link.
is_linked() {
    for units_folder in /etc /usr/local/lib /usr/lib /lib; do
        [ ! -L "$units_folder/systemd/system/$1" ] || return 0
    done
    return 1
}

# is_linked NAME: whether a folder of units that lasts has this link; an alias in the administrator's must lead to the unit.
is_linked() {
    own=/etc/systemd/system/$1
    if [ -L "$own" ]; then
        # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
        case $1 in */*) return 0 ;; *) [ "$own" -ef "$fragment" ] || [ "$own" -ef /dev/null ] && return ;; esac
    fi
    [ -L "/usr/local/lib/systemd/system/$1" ] || [ -L "/usr/lib/systemd/system/$1" ] || [ -L "/lib/systemd/system/$1" ]
}

# knows_upholding: whether this systemd makes links for UpheldBy=; before 254 it is passed over.
knows_upholding() {
    [ -n "${version-}" ] || version=$(systemctl --version)
    version=${version#systemd }
    [ "${version%%[!0-9]*}" -ge 254 ]
}

# has_links: whether each link is there that today's [Install] asks for, and, where the unit is the administrator's own, no other.
has_links() {
    expected=$NL
    if [ -n "$by_upholds" ] && ! knows_upholding; then by_upholds=; fi
    for kind in wants requires upholds; do
        eval "words=\$by_$kind"
        for word in $words; do expected=$expected$word.$kind/$id$NL; done
    done
    for word in $aliases; do
        [ "$word" = "$id" ] || expected=$expected$word$NL
    done
    for link in $expected; do
        is_linked "$link" || return
    done
    # What a package ships has other links on purpose. A file that only a link leads to has no other: systemctl would take it, too.
    case $fragment in /etc/systemd/system/*) [ ! -L "$fragment" ] ;; *) false ;; esac || return 0
    set +f
    set -- /etc/systemd/system/*.wants/"$id" /etc/systemd/system/*.requires/"$id" /etc/systemd/system/*.upholds/"$id"
    case $id in *@*) ;; *) set -- "$@" /etc/systemd/system/*."${id##*.}" ;; esac
    set -f
    for link do
        [ -L "$link" ] || continue
        case $expected in *"$NL${link#/etc/systemd/system/}$NL"*) continue ;; esac
        # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
        case $link in */"$id") return 1 ;; *) [ ! "$link" -ef "$fragment" ] || return 1 ;; esac
    done
}

# read_links: reads the unit's file and drop-ins.
read_links() {
    set -- "$fragment"
    IFS=' '
    for word in $drop_ins; do set -- "$@" "$word"; done
    IFS=$NL
    read_install "$@"
}
