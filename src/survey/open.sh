# Which needs are not met that nobody else can exchange anything in a folder; needs.sh goes before. The form is closed (only root and this
# account can), or alone (the same for what root runs there; a sticky folder will do).

# look_around FOLDER: sets $open to the first folder on the way to it in which others can exchange something, with its owner, group and
# mode; $state is "sticky" where that is true of none, but they may write to it. What a link leads to is left to the steps. place.sh
# says why.
look_around() {
    open='' state=closed at='' left=$1
    while :; do
        case $facts in *"$NL${at:-/}$US"*) ;; *) break ;; esac
        fact=${facts#*"$NL${at:-/}$US"}
        IFS=$US
        set -- ${fact%%"$NL"*}
        IFS=$NL
        # A file is in the folder above.
        [ "$((0x$1 & 0xf000))" = 16384 ] || return 0
        state=closed
        if [ "$2" != 0 ] && [ "$2" != "$uid" ]; then
            state=open
        elif [ "$((0x$1 & 022))" != 0 ]; then
            state=sticky
            [ "$((0x$1 & 01000))" != 0 ] || state=open
        fi
        open="${at:-/} ($3)"
        [ "$state" != open ] || return 0
        left=${left#/}
        if [ -z "$left" ]; then
            [ "$state" = sticky ] || open=
            return 0
        fi
        at=$at/${left%%/*}
        left=${left#"${left%%/*}"}
    done
    # Where it is missing, whoever may write above can make it.
    if [ "$state" = sticky ]; then state=open; else open=; fi
}

# tell_open: one stat for all.
tell_open() {
    folders=
    for row in $ROWS; do
        read_row "$row"
        case $form in closed | alone) ;; *) continue ;; esac
        while [ -n "$name" ]; do
            folders=$folders$name$NL
            name=${name%/*}
        done
    done
    [ -n "$folders" ] || return 0
    facts=$NL$(stat -c "%n$US%f$US%u${US}of %U and group %G, mode %a" -- / $folders 2>/dev/null)$NL
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        case $form:$uid in closed:* | alone:0) ;; *) continue ;; esac
        look_around "$name"
        by=$open
        case $form:$state in alone:sticky) continue ;; esac
        [ -z "$by" ] || emit "$i" other "$by"
    done
}

tell_open
