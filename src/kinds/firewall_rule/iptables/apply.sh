# The rows are those of probe.sh. Our chains are made anew in one go, from what they hold and the rows, in the order of the numbers in their comments.
columns backend wanted4 wanted6 comment
umask 027
know_folders /etc/iptables

# set_rules TOOL FIELD FILE
set_rules() {
    if ! live=$("$1" -S); then
        echo "$1 cannot list its rules"
        return 1
    fi
    lines=$(
        for line in $live; do
            case $line in "-A infra-input "* | "-A infra-output "*) ;; *) continue ;; esac
            for row in $ROWS; do
                read_row "$row"
                decode "$comment"
                case $line in *" --comment \""[0-9][0-9][0-9][0-9]"$decoded\" "*) continue 2 ;; esac
            done
            printf '%s\n' "$line"
        done
        for row in $ROWS; do
            read_row "$row"
            if [ "$2" = 4 ]; then decode "$wanted4"; else decode "$wanted6"; fi
            [ -z "$decoded" ] || printf '%s\n' "$decoded"
        done
    )
    lines=$(printf '%s\n' "$lines" | sed 's/.* --comment "\([0-9]*\).*/\1 &/' | sort | sed 's/^[0-9]* //')
    kernel=$(
        printf '%s\n' '*filter' ':infra-input - [0:0]' ':infra-output - [0:0]'
        for hook in INPUT:infra-input OUTPUT:infra-output; do
            case $NL$live$NL in *"$NL-A ${hook%:*} -j ${hook#*:}$NL"*) printf '%s\n' "-D ${hook%:*} -j ${hook#*:}" ;; esac
        done
        if [ -n "$lines" ]; then
            printf '%s\n' '-I INPUT 1 -j infra-input' '-I OUTPUT 1 -j infra-output' "$lines"
        else
            printf '%s\n' '-X infra-input' '-X infra-output'
        fi
        echo COMMIT
    )
    if ! printf '%s\n' "$kernel" | "$1-restore" --noflush --wait 10; then
        echo "$1-restore refused this:"
        printf '%s\n' "$kernel"
        return 1
    fi
    block=
    if [ -n "$lines" ]; then
        block=":infra-input - [0:0]$NL:infra-output - [0:0]$NL-I INPUT 1 -j infra-input$NL-I OUTPUT 1 -j infra-output$NL$lines$NL"
    elif ! [ -e "$3" ]; then
        return 0
    fi
    ready_file "$3" || say_why || return
    {
        printf '%s==\n' "$block"
        [ ! -e "$3" ] || cat -- "$3"
    } | awk '
        !is_file { if ($0 == "==") is_file = 1; else block = block $0 "\n"; next }
        /^\*/ { table = $1 }
        /^:infra-(in|out)put / || /^-A infra-(in|out)put / || /^-[AI] (INPUT|OUTPUT) (1 )?-j infra-(in|out)put$/ { next }
        $1 == "COMMIT" && table == "*filter" && !is_done { printf "%s", block; is_done = 1 }
        { print }
        END { if (!is_done && block != "") printf "*filter\n%sCOMMIT\n", block }
    ' >"$new" && sync -- "$new" || return
    put_at "$new" "$3" || say_why
}

set_rules iptables 4 /etc/iptables/rules.v4 || exit
if command -v ip6tables >/dev/null && [ -e /proc/net/if_inet6 ]; then
    set_rules ip6tables 6 /etc/iptables/rules.v6 || exit
fi
if [ -d /run/systemd/system ]; then
    systemctl enable --quiet netfilter-persistent.service || exit
fi
