# The backend is "iptables"; rules are as `iptables -S` prints them ("" for none); the comment is the end of one. Of one that is there
# the rules are told that the kernel has for IPv4 and IPv6, "none" where the host has no IPv6, and what is wrong with how it is kept.
# Record: "no-iptables"
# Record: "denied"
# Record: "failed"
# Record: "absent"
# Record: "in-place", rule4, rule6, flaw
# Record: "other", rule4, rule6, flaw
# Two processes and one systemctl, however many rows.
columns backend wanted4 wanted6 comment
case $NL$ROWS in *"${NL}iptables$US"*) ;; *) return 0 ;; esac
state=
if ! command -v iptables >/dev/null || ! command -v netfilter-persistent >/dev/null; then
    state=no-iptables
elif [ "$(id -u)" != 0 ]; then
    state=denied
elif ! live4=$(iptables -S); then
    state=failed
fi
live6=none
if [ -z "$state" ] && command -v ip6tables >/dev/null && [ -e /proc/net/if_inet6 ]; then
    live6=$(ip6tables -S) || state=failed
fi
if [ -n "$state" ]; then
    i=0
    for row in $ROWS; do
        read_row "$row"
        [ "$backend" != iptables ] || emit "$i" "$state"
        i=$((i + 1))
    done
    return 0
fi

# inspect LIVE FILE: sets $saved to the file, and $flaw, a line for each of our chains that packets do not pass first, or
# will not after a reboot.
inspect() {
    flaw='' saved=''
    [ ! -r "$2" ] || saved=$(cat -- "$2")
    for chain in INPUT:infra-input OUTPUT:infra-output; do
        case $NL$1$NL in *"$NL-A ${chain#*:} "*) ;; *) continue ;; esac
        first=
        for line in $1; do
            case $line in
                "-A ${chain%:*} "*)
                    first=$line
                    break
                    ;;
            esac
        done
        if [ "$first" != "-A ${chain%:*} -j ${chain#*:}" ]; then
            flaw="$flaw${chain%:*} does not go through ${chain#*:} first$NL"
        fi
        case $saved$NL in *" -j ${chain#*:}$NL"*) ;; *) flaw="$flaw$2 does not lead to ${chain#*:}$NL" ;; esac
    done
}
inspect "$live4" /etc/iptables/rules.v4
flaw4=$flaw saved4=$saved flaw6='' saved6=''
if [ "$live6" != none ]; then
    inspect "$live6" /etc/iptables/rules.v6
    flaw6=$flaw saved6=$saved
fi
disabled=
if [ -d /run/systemd/system ] && ! systemctl is-enabled --quiet netfilter-persistent.service 2>/dev/null; then
    disabled='netfilter-persistent does not start with the host'
fi
# judge RULE FLAWS SAVED FILE: sets $flaw where it is empty so far.
judge() {
    chain=${1#-A }
    for line in $2; do
        case $line in *" ${chain%% *}"*) flaw=${flaw:-$line} ;; esac
    done
    case $NL$3$NL in *"$NL$1$NL"*) ;; *) flaw=${flaw:-"$4 does not have it"} ;; esac
}

# pick LIVE COMMENT: sets $picked to the lines with this comment.
pick() {
    picked=
    for line in $1; do
        case $line in *" --comment \""[0-9][0-9][0-9][0-9]"$2\" "*) picked=$picked${picked:+$NL}$line ;; esac
    done
}

i=0
for row in $ROWS; do
    index=$i
    i=$((i + 1))
    read_row "$row"
    [ "$backend" = iptables ] || continue
    decode "$comment"
    pick "$live4" "$decoded"
    rule4=$picked rule6=none
    if [ "$live6" != none ]; then
        pick "$live6" "$decoded"
        rule6=$picked
    fi
    flaw=$disabled
    [ -z "$rule4" ] || judge "$rule4" "$flaw4" "$saved4" /etc/iptables/rules.v4
    case $rule6 in '' | none) ;; *) judge "$rule6" "$flaw6" "$saved6" /etc/iptables/rules.v6 ;; esac
    if [ "$rule6" = none ]; then wanted6=none; fi
    if [ -z "$rule4" ] && { [ -z "$rule6" ] || [ "$rule6" = none ]; }; then
        emit "$index" absent
    elif [ "$rule4" = "$wanted4" ] && [ "$rule6" = "$wanted6" ]; then
        emit "$index" in-place "$rule4" "$rule6" "$flaw"
    else
        emit "$index" other "$rule4" "$rule6" "$flaw"
    fi
done
