# Stale are rules to delete, one a line, each as the words ufw wants with a blank between; words are those of the rule to add, "" for
# none; goes_first is 1 where it goes before the others, enables where ufw has to be on, rereads where it has to read its rules again.
# Whatever the rules say, ssh stays open.
columns stale words comment goes_first enables rereads
run_ufw() {
    message=$(ufw "$@" </dev/null 2>&1) && case $message in *ERROR*) false ;; esac
}

# forget_chains TOOL PREFIX: ufw hooks its chains into those of the kernel only where it makes them, so that what has lost
# the hooks has to lose the chains too. It is off meanwhile, and lets everything through.
forget_chains() {
    chains=
    for line in $("$1" -S 2>/dev/null); do
        case $line in
            "-N $2-"*) chains=$chains${line#-N }$NL ;;
            "-A "[A-Z]*" -j $2-"*)
                IFS=' '
                set -- "$1" "$2" $line
                IFS=$NL
                "$1" -D "$4" -j "$6"
                ;;
        esac
    done
    for chain in $chains; do
        "$1" -F "$chain"
    done
    for chain in $chains; do
        "$1" -X "$chain"
    done
}

i=-1 on='' again='' bad=''
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    [ -z "$enables" ] || on=1
    [ -z "$rereads" ] || again=1
    decode "$stale"
    deleted=$decoded
    decode "$comment"
    comment=$decoded
    # The new rule first, so that what both let in is never kept out.
    if [ -n "$words" ]; then
        IFS=' '
        set -- $words
        IFS=$NL
        [ -z "$goes_first" ] || set -- prepend "$@"
        if ! run_ufw "$@" comment "$comment"; then
            item_failed "$i" "ufw: $message"
            bad=1
            continue
        fi
    fi
    for rule in $deleted; do
        IFS=' '
        set -- $rule
        IFS=$NL
        if ! run_ufw --force delete "$@"; then
            item_failed "$i" "ufw: $message"
            bad=1
        fi
    done
done

enabled=
while IFS= read -r line; do
    case $line in ENABLED=yes) enabled=1 ;; esac
done </etc/ufw/ufw.conf
[ -n "$on$enabled" ] || exit 0

keep_ssh_open() {
    closed=$(shut_out) || {
        echo "which ports ssh needs could not be told, so ufw is not turned on"
        return 1
    }
    for rule in $closed; do
        IFS=' '
        set -- $rule
        IFS=$NL
        if ! run_ufw prepend "$@" comment "infra: ssh stays open"; then
            echo "ssh could not be kept open, so ufw is not turned on: $message"
            return 1
        fi
        echo "added a rule for ssh: $rule"
    done
}
keep_ssh_open || exit
if [ -n "$closed" ]; then
    keep_ssh_open || exit
    if [ -n "$closed" ]; then
        echo "the rules still shut out ssh, so ufw is not turned on: take away the rule that does"
        exit 1
    fi
fi

if [ -n "$on" ] && [ -z "$bad" ]; then
    if [ -n "$enabled" ] && [ -n "$again" ]; then
        run_ufw --force disable
        forget_chains iptables ufw
        forget_chains ip6tables ufw6
        enabled=
    fi
    [ -n "$enabled" ] || run_ufw --force enable || {
        echo "ufw: $message"
        exit 1
    }
    if [ -n "$again" ] && [ -d /run/systemd/system ]; then
        systemctl --quiet enable ufw.service
    fi
fi
