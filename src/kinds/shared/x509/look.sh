# Domains are followed by "," each, renew_before is in seconds, ca is the name of the authority, and programs are the SHA-256 of
# the program and the units that renew, each followed by a blank.
# Of a certificate that is there:
#   pair of key and certificate: "ok", "missing", "unreadable", "mismatch"; names: "same", "differ"; freshness: "fresh", "due";
#   source: what issued it; verifies: "ok" or why its chain does not; type of key; owner, group and mode of the key; public: "ok"
#   or what is wrong with the other files; whether renewal is "on" or "off"; settings; what openssl said of it, all lines; now, the
#   time on the host in seconds; hash: SHA-256 of the full chain; owed: "reload" where one is.
# Record: "absent"
# Record: "denied"
# Record: "no-openssl"
# Record: "present", pair, names, freshness, source, verifies, type, owner, group, mode, public, renewal, settings, said, now, hash, owed
# For all rows a stat, a sha256sum, a systemctl and a date; for each certificate three openssl.
columns name dir issuer domains renew_before ca programs
certificate_rows=$ROWS
ROWS=$(
    printf '%s\n' "/usr/local/lib/infra/certs$US" "/etc/systemd/system/infra-certs.service$US" \
        "/etc/systemd/system/infra-certs.timer$US"
    for row in $certificate_rows; do
        read_row "$row"
        for file in privkey cert chain fullchain; do
            printf '%s\n' "$dir/.live/$file.pem$US"
        done
    done
)
scan_paths hash
ROWS=$certificate_rows
now=$(date +%s) || return
set -- $scanned
hashes=
for line in "$1" "$2" "$3"; do
    read_scan "$line"
    hashes="$hashes$seen_hash "
done
timer=
case $3 in
    *"$US"file"$US"*) timer=$(systemctl show --property=UnitFileState,ActiveState -- infra-certs.timer | sort) ;;
esac
case $timer in
    "ActiveState=active${NL}UnitFileState=enabled") timer=on ;;
    *) timer=off ;;
esac
shift 3

read_all() { # FILE: sets $text
    text=
    [ -r "$1" ] || return 0
    while IFS= read -r line; do
        text=$text$line$NL
    done <"$1"
}

i=-1
for row in $certificate_rows; do
    read_row "$row"
    i=$((i + 1)) renewal=off
    if [ "$hashes" = "$programs" ]; then renewal=$timer; fi
    read_scan "$1"
    state=$seen_type owner=$seen_owner group=$seen_group mode=$seen_mode
    public=ok hash=
    for line in "$2" "$3" "$4"; do
        read_scan "$line"
        hash=$seen_hash
        [ "$line" = "$2" ] && own_hash=$seen_hash
        seen="$seen_owner $seen_group $seen_mode"
        case $seen_type in
            file) [ "$seen" = "$owner $group 0644" ] || [ "$public" != ok ] || public=$seen ;;
        esac
    done
    shift 4
    settings=
    read_all "/etc/infra/certs/$name.conf"
    settings=$text
    case $state in
        file) ;;
        denied)
            emit "$i" denied
            continue
            ;;
        *)
            if path_state "$dir/.live" || [ -n "$settings" ]; then
                emit "$i" present missing differ fresh none ok none '' '' '' ok "$renewal" "$settings" '' "$now" '' ''
            else
                emit "$i" "$path_state"
            fi
            continue
            ;;
    esac
    if ! command -v openssl >/dev/null; then
        emit "$i" no-openssl
        continue
    fi
    for file in privkey cert chain fullchain; do
        # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
        if ! [ -L "$dir/$file.pem" ] || ! [ "$dir/$file.pem" -ef "$dir/.live/$file.pem" ]; then
            public="$file.pem is not the file in use"
        fi
    done
    freshness=due
    said=$(openssl x509 -in "$dir/.live/cert.pem" -noout -subject -issuer -dates -ext subjectAltName -pubkey \
        -checkend "$renew_before" 2>&1 </dev/null) && freshness=fresh
    key=$(openssl pkey -in "$dir/.live/privkey.pem" -pubout -text_pub 2>/dev/null </dev/null)
    type=other
    case $key in
        *prime256v1*) type=ecdsa ;;
        *secp384r1*) type=ecdsa-p384 ;;
        *'(2048 bit)'*Modulus*) type=rsa ;;
        *'(3072 bit)'*Modulus*) type=rsa-3072 ;;
        *'(4096 bit)'*Modulus*) type=rsa-4096 ;;
    esac
    pair=mismatch
    own=${key%%'-----END PUBLIC KEY-----'*}
    case $said in
        *'-----BEGIN PUBLIC KEY-----'*)
            if [ -z "$own" ]; then
                pair=unreadable
            else
                case $said in *"$own"*) pair=ok ;; esac
            fi
            ;;
        *) pair=unreadable ;;
    esac
    # Each name there is must be wanted, and as many as are wanted.
    names=same
    has=${said#*'Alternative Name:'}
    if [ "$has" = "$said" ]; then has=; fi
    has=${has#*"$NL"}
    has=${has%%"$NL"*}
    IFS=,
    found=,
    for alternative in $has; do
        alternative=${alternative# }
        while [ "${alternative# }" != "$alternative" ]; do alternative=${alternative# }; done
        case $alternative in
            DNS:* | 'IP Address:'*) ;;
            *) continue ;;
        esac
        found=$found${alternative#*:},
    done
    if [ -n "$domains" ]; then
        for domain in $domains; do
            [ -n "$domain" ] || continue
            case $found in *",$domain,"*) ;; *) names=differ ;; esac
        done
        for alternative in $found; do
            [ -n "$alternative" ] || continue
            case ",$domains" in *",$alternative,"*) ;; *) names=differ ;; esac
        done
    fi
    IFS=$NL
    source=unknown
    read_all "$dir/.live/source"
    case $text in *"$NL$own_hash$NL") source=${text%%"$NL"*} ;; esac
    trusted=$dir/.live/chain.pem
    case $source in
        self_signed | temporary) trusted=$dir/.live/cert.pem ;;
    esac
    if [ "$issuer" = ca ]; then
        trusted=
        read_all "/etc/infra/certs/$ca.conf"
        for line in $text; do
            case $line in 'dir '*) trusted=${line#dir }/.live/cert.pem ;; esac
        done
    fi
    verifies=ok
    if [ "$issuer" = ca ] && ! [ -s "$trusted" ]; then
        verifies="the certificate authority $ca is not on this host"
    elif [ -s "$trusted" ]; then
        message=$(openssl verify -no_check_time -partial_chain -trusted "$trusted" "$dir/.live/cert.pem" 2>&1) ||
            verifies=$message
    else
        message=$(openssl verify -no_check_time "$dir/.live/cert.pem" 2>&1) || verifies=$message
    fi
    owed=
    if [ -e "/etc/infra/certs/$name.reload" ]; then owed=reload; fi
    emit "$i" present "$pair" "$names" "$freshness" "$source" "$verifies" "$type" "$owner" "$group" "$mode" "$public" \
        "$renewal" "$settings" "$said" "$now" "$hash" "$owed"
done
