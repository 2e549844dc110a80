# The backend is "ufw"; rules are as ufw's files for IPv4 and IPv6 have them ("" where it is of the other family), the comment is in
# hexadecimal. Found is in-place, absent or other, the state on or off with the reason; ipv6 is yes where IPv6 is filtered too. Then,
# for the first of its rows, come all rules, the family 4 or 6.
# Record: "no-ufw"
# Record: "denied"
# Record: "rule", family, rule
# Record: "lacks", form, what
# Record: found, state, reason, ipv6
# Two processes, however many rows: they tell whether the kernel has the rules that ufw's files have.
columns backend rule4 rule6 comment
case $NL$ROWS in *"${NL}ufw$US"*) ;; *) return 0 ;; esac
folder=/etc/ufw
if ! command -v ufw >/dev/null; then
    state=no-ufw
elif ! [ -r "$folder/user.rules" ]; then
    state=denied
else
    state=
fi
if [ -n "$state" ]; then
    i=0
    for row in $ROWS; do
        read_row "$row"
        [ "$backend" != ufw ] || emit "$i" "$state"
        i=$((i + 1))
    done
    return 0
fi

# setting FILE NAME: sets $setting.
setting() {
    setting=
    while IFS= read -r line; do
        case $line in "$2="*) setting=${line#*=} ;; esac
    done <"$1"
    setting=${setting#\"}
    setting=${setting%\"}
}

# read_rules FILE CHAINS: sets $rules to the rules and $wanted to how many lines the kernel must have for them.
read_rules() {
    rules='' wanted=0
    [ -r "$1" ] || return 0
    while IFS= read -r line; do
        case $line in
            "### tuple ### "*) rules=$rules${line#"### tuple ### "}$NL ;;
            "-A $2-input "* | "-A $2-output "*) wanted=$((wanted + 1)) ;;
        esac
    done <"$1"
}

# compare_live TOOL CHAINS: sets $live where the kernel has as many lines, and they are asked at all.
compare_live() {
    live='' found=0 hooked=
    for line in $("$1" -S 2>/dev/null); do
        case $line in
            "-A INPUT -j ${2%-user}-before-input") hooked=1 ;;
            "-A $2-input "* | "-A $2-output "*) found=$((found + 1)) ;;
        esac
    done
    if [ -n "$hooked" ] && [ "$found" -eq "$wanted" ]; then
        live=1
    fi
}

setting "$folder/ufw.conf" ENABLED
enabled=$setting
setting /etc/default/ufw IPV6
ipv6=$setting
read_rules "$folder/user.rules" ufw-user
rules4=$rules
state=on reason=
if [ "$enabled" != yes ]; then
    state=off reason="it is not enabled"
else
    compare_live iptables ufw-user
    [ -n "$live" ] || state=off reason="the kernel does not have its rules"
fi
rules6=
if [ "$ipv6" = yes ]; then
    read_rules "$folder/user6.rules" ufw6-user
    rules6=$rules
    if [ "$state" = on ]; then
        compare_live ip6tables ufw6-user
        [ -n "$live" ] || state=off reason="the kernel does not have its rules for IPv6"
    fi
fi
if [ "$state" = on ] && [ -d /run/systemd/system ] &&
    ! [ -L /etc/systemd/system/multi-user.target.wants/ufw.service ] &&
    ! [ -L /etc/systemd/system/basic.target.wants/ufw.service ]; then
    state=off reason="it does not start with the host"
fi

# seen RULES RULE: sets $seen to in-place with the comment in $comment, other without it, absent where there is none.
seen() {
    case $NL$1 in
        *"$NL$2 comment=$comment$NL"*) seen=in-place ;;
        *"$NL$2$NL"* | *"$NL$2 comment="*) seen=other ;;
        *) seen=absent ;;
    esac
}

i=0 first=
for row in $ROWS; do
    index=$i
    i=$((i + 1))
    read_row "$row"
    [ "$backend" = ufw ] || continue
    first=${first:-$index}
    seen4='' seen6=''
    if [ -n "$rule4" ]; then
        seen "$rules4" "$rule4"
        seen4=$seen
    fi
    if [ -n "$rule6" ] && [ "$ipv6" = yes ]; then
        seen "$rules6" "$rule6"
        seen6=$seen
    fi
    case $seen4$seen6 in
        in-place | in-placein-place) found=in-place ;;
        absent | absentabsent | '')
            found=absent
            case $rules4$rules6 in *"comment=$comment$NL"* | *"comment=${comment}202d20"*) found=other ;; esac
            ;;
        *) found=other ;;
    esac
    emit "$index" "$found" "$state" "$reason" "$ipv6"
    if [ -z "$rule4" ] && [ -n "$rule6" ] && [ "$ipv6" != yes ]; then
        form=condition what="the rule is for IPv6 only, and ufw leaves IPv6 alone on this host (IPV6 in /etc/default/ufw)"
        emit "$index" lacks "$form" "$what"
    fi
done
for rule in $rules4; do
    emit "$first" rule 4 "$rule"
done
for rule in $rules6; do
    emit "$first" rule 6 "$rule"
done
