# What is done about certificates on a host, by a run of infra and by the host's own timer alike; place.sh and beside.sh go before.
# IFS is a newline and globbing is off. What went wrong is said on standard error.
#
# A certificate's folder holds links to files of the same names in ".live", itself a link to the set in use: all four are
# switched by one rename, so that nothing ever sees a key beside another key's certificate.
newline='
'
certs=/etc/infra/certs

say() {
    printf '%s\n' "$*" >&2
}

# Runs a program that is only heard where it fails.
quietly() {
    said=$("$@" </dev/null 2>&1) && return
    say "$said"
    return 1
}

# Reads how the certificate $1 should be.
read_settings() {
    name=$1 issuer='' dir='' domains='' key_type=ecdsa days=365 renew_before=0 reload='' authority='' ca=''
    server='' email='' challenge='' webroot='' auth_hook='' cleanup_hook='' ca_bundle=''
    while IFS= read -r line; do
        value=${line#* }
        case ${line%% *} in
            issuer) issuer=$value ;;
            dir) dir=$value ;;
            domain) domains=$domains$value$newline ;;
            key_type) key_type=$value ;;
            days) days=$value ;;
            renew_before) renew_before=$value ;;
            reload) reload=$reload$value$newline ;;
            authority) authority=1 ;;
            ca) ca=$value ;;
            server) server=$value ;;
            email) email=$value ;;
            challenge) challenge=$value ;;
            webroot) webroot=$value ;;
            auth_hook) auth_hook=$value ;;
            cleanup_hook) cleanup_hook=$value ;;
            ca_bundle) ca_bundle=$value ;;
        esac
    done
}

# Prints the folder of the certificate authority $1.
folder_of() {
    [ -r "$certs/$1.conf" ] || return
    while IFS= read -r line; do
        case $line in 'dir '*) printf '%s\n' "${line#dir }" ;; esac
    done <"$certs/$1.conf"
}

# Removes sets that are not in use: what was killed has left them.
tidy() {
    set +f
    set -- "$dir"/.set-*
    set -f
    if [ -e "$1" ] && { [ $# -gt 1 ] || ! [ -e "$dir/.live" ]; }; then
        live=$(readlink -- "$dir/.live")
        for old do
            [ "$old" = "$dir/$live" ] || rm -rf -- "$old"
        done
    fi
}

# Makes a folder for a new set: $new. A key is for whoever can read the folder that it is written in, so that must be root's.
new_set() {
    if ! make_way "$dir" || ! needs_closed "$dir"; then
        say "$dir: $why"
        return 1
    fi
    tidy
    aside "$dir" set
    # Each has a name of its own.
    new=$aside-$(date +%s)-$$
    (umask 077 && quietly mkdir -- "$new")
}

# aside FOLDER NAME: sets $aside to where something is made that goes into this folder: in the stage of a run; for the timer, which has
# none, beside it.
aside() {
    aside=$1/.$2
    [ -z "${run-}" ] || { stage_for "$1" && aside=$stage/$2; }
}

make_key() {
    case $key_type in
        ecdsa) set -- EC ec_paramgen_curve:P-256 ;;
        ecdsa-p384) set -- EC ec_paramgen_curve:P-384 ;;
        rsa) set -- RSA rsa_keygen_bits:2048 ;;
        *) set -- RSA "rsa_keygen_bits:${key_type#rsa-}" ;;
    esac
    (umask 077 && quietly openssl genpkey -algorithm "$1" -pkeyopt "$2" -out "$new/privkey.pem")
}

# Writes what openssl-req(1) and openssl-x509(1) are to put into a certificate. Names hold nothing that openssl would
# expand: the spec was checked.
describe() { # ORGANISATION, or nothing
    alternatives=
    for domain in $domains; do
        case $domain in
            *:*) domain=IP:$domain ;;
            *[!0-9.]*) domain=DNS:$domain ;;
            *) domain=IP:$domain ;;
        esac
        alternatives=$alternatives${alternatives:+,}$domain
    done
    common=${domains%%"$newline"*}
    # RFC 5280: a common name has at most 64 characters.
    [ -n "$common" ] && [ -z "$authority" ] && [ ${#common} -le 64 ] || common=$name
    printf '%s\n' '[req]' 'prompt = no' 'string_mask = utf8only' 'distinguished_name = subject' 'x509_extensions = more' \
        '[subject]' "CN = $common" ${1:+"O = $1"} '[more]' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid'
    if [ -n "$authority" ]; then
        printf '%s\n' 'basicConstraints = critical,CA:TRUE,pathlen:0' 'keyUsage = critical,keyCertSign,cRLSign'
    else
        printf '%s\n' 'basicConstraints = critical,CA:FALSE' 'extendedKeyUsage = serverAuth,clientAuth'
        case $key_type in
            rsa*) printf '%s\n' 'keyUsage = critical,digitalSignature,keyEncipherment' ;;
            *) printf '%s\n' 'keyUsage = critical,digitalSignature' ;;
        esac
        printf '%s\n' "subjectAltName = $alternatives"
    fi
}

# Writes down what issued the certificate of the new set, and which certificate that was.
sign_off() { # ISSUER
    sum=$(sha256sum <"$new/cert.pem") && printf '%s\n%s\n' "$1" "${sum%% *}" >"$new/source"
}

# Makes a certificate that is signed by its own key.
self_sign() { # ISSUER [ORGANISATION]
    describe "${2-}" >"$new/request" || return
    quietly openssl req -x509 -new -key "$new/privkey.pem" -config "$new/request" -days "$days" -out "$new/cert.pem" || return
    cp -- "$new/cert.pem" "$new/fullchain.pem" && cp -- "$new/cert.pem" "$new/chain.pem" || return
    # Whoever trusts an authority's chain goes on trusting what its last key signed.
    if [ -n "$authority" ] && [ -s "$dir/.live/cert.pem" ] &&
        openssl x509 -in "$dir/.live/cert.pem" -noout -checkend 0 >/dev/null 2>&1; then
        cat -- "$dir/.live/cert.pem" >>"$new/chain.pem" || return
    fi
    sign_off "$1"
}

# Makes a certificate that is signed by an authority of this host.
sign_by_authority() {
    from=$(folder_of "$ca")
    if [ -z "$from" ] || ! [ -s "$from/.live/privkey.pem" ]; then
        say "the certificate authority $ca is not on this host"
        return 1
    fi
    describe >"$new/request" || return
    quietly openssl req -new -key "$new/privkey.pem" -config "$new/request" -out "$new/csr" || return
    serial=$(openssl rand -hex 16) || return
    quietly openssl x509 -req -in "$new/csr" -CA "$from/.live/cert.pem" -CAkey "$from/.live/privkey.pem" \
        -set_serial "0x$serial" -days "$days" -extfile "$new/request" -extensions more -out "$new/cert.pem" || return
    cp -- "$from/.live/cert.pem" "$new/chain.pem" && cat -- "$new/cert.pem" "$new/chain.pem" >"$new/fullchain.pem" || return
    sign_off "ca $ca"
}

# Looks at a set before it goes live: its key and certificate belong together, its time has not run out, its chain leads
# to what signed it.
verify() {
    own=$(openssl pkey -in "$new/privkey.pem" -pubout 2>/dev/null </dev/null) || own=
    if ! its=$(openssl x509 -in "$new/cert.pem" -noout -pubkey 2>&1 </dev/null); then
        say "the certificate cannot be read: $its"
    elif [ -z "$own" ]; then
        say 'the key cannot be read: it is no private key in PEM form, or it has a password'
    elif [ "$own" != "$its" ]; then
        say 'the key does not match the certificate'
    elif ! openssl x509 -in "$new/cert.pem" -noout -checkend 0 >/dev/null 2>&1; then
        say 'the certificate has expired'
    else
        set -- -trusted "$new/chain.pem" -partial_chain
        # What came without a chain was issued by someone this host trusts.
        [ -s "$new/chain.pem" ] || set --
        quietly openssl verify "$@" "$new/cert.pem" && return
        say 'the chain does not verify'
    fi
    return 1
}

# Puts the new set in the place of what is there, if it is right.
put_set() { # OWNER:GROUP MODE
    if ! verify; then
        rm -rf -- "$new"
        return 1
    fi
    rm -f -- "$new/request" "$new/csr"
    if ! quietly chown -- "$1" "$new/privkey.pem" "$new/cert.pem" "$new/chain.pem" "$new/fullchain.pem" ||
        ! chmod 0644 "$new/cert.pem" "$new/chain.pem" "$new/fullchain.pem" "$new/source" ||
        ! chmod "$2" "$new/privkey.pem" || ! chmod 0755 "$new"; then
        rm -rf -- "$new"
        return 1
    fi
    [ -z "${owes-}" ] || owe_reload || return
    sync
    live=$(readlink -- "$dir/.live")
    set=${new##*/}
    set=.${set#.}
    [ "$new" = "$dir/$set" ] || quietly mv -T -- "$new" "$dir/$set" || return
    new=$dir/$set
    aside "$dir" live.new || return
    quietly ln -s -f -n -- "$set" "$aside" && quietly mv -f -T -- "$aside" "$dir/.live" || return
    link || return
    case $live in .set-*) rm -rf -- "${dir:?}/$live" ;; esac
}

# Puts the links in place by which a certificate is used.
link() {
    for file in privkey cert chain fullchain; do
        # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
        if ! [ -L "$dir/$file.pem" ] || ! [ "$dir/$file.pem" -ef "$dir/.live/$file.pem" ]; then
            aside "$dir" "$file.new" && quietly ln -s -f -n -- ".live/$file.pem" "$aside" &&
                quietly mv -f -T -- "$aside" "$dir/$file.pem" || return
        fi
    done
}

# Issues what this host can issue by itself, and puts it in place.
issue() { # OWNER:GROUP MODE
    new_set && make_key || return
    case $issuer in
        ca) sign_by_authority || return ;;
        *) self_sign self_signed || return ;;
    esac
    put_set "$@"
}

# Says whether the lineage of certbot is what it should be, so that nothing has to be ordered.
lineage_is_right() {
    lineage=/etc/letsencrypt/live/$name
    [ -s "$lineage/cert.pem" ] && [ -r "/etc/letsencrypt/renewal/$name.conf" ] || return
    of=
    while IFS= read -r line; do
        case $line in 'server = '*) of=${line#server = } ;; esac
    done <"/etc/letsencrypt/renewal/$name.conf"
    [ "$of" = "$server" ] || return
    seen=$(openssl x509 -in "$lineage/cert.pem" -noout -ext subjectAltName -checkend "$renew_before" 2>/dev/null) || return
    names_are "$seen" && key_is "$key_type" "$(openssl pkey -in "$lineage/privkey.pem" -noout -text_pub 2>/dev/null)"
}

# Says whether what openssl prints of a certificate names the domains and no others.
names_are() { # TEXT
    has=${1#*'Alternative Name:'}
    has=${has#*"$newline"}
    has=", $(printf '%s' "${has%%"$newline"*}" | tr -d ' ' | sed 's/,/, /g'), "
    wanted=0
    for domain in $domains; do
        wanted=$((wanted + 1))
        case $has in *", DNS:$domain, "*) ;; *) return 1 ;; esac
    done
    found=$(printf '%s' "$has" | tr -cd : | wc -c)
    [ "$found" -eq "$wanted" ]
}

# Says whether what openssl prints of a public key is a key of this type.
key_is() { # TYPE TEXT
    case $1 in
        ecdsa) case $2 in *prime256v1*) ;; *) return 1 ;; esac ;;
        ecdsa-p384) case $2 in *secp384r1*) ;; *) return 1 ;; esac ;;
        rsa) case $2 in *'(2048 bit)'*Modulus*) ;; *) return 1 ;; esac ;;
        *) case $2 in *"(${1#rsa-} bit)"*Modulus*) ;; *) return 1 ;; esac ;;
    esac
}

# A lineage that somebody has broken by hand would make certbot begin another one under another name.
clear_broken_lineage() {
    for folder in live archive; do
        if [ -e "/etc/letsencrypt/$folder/$name" ] && ! [ -e "/etc/letsencrypt/renewal/$name.conf" ]; then broken=1; fi
    done
    if [ -e "/etc/letsencrypt/renewal/$name.conf" ] && ! [ -s "/etc/letsencrypt/live/$name/cert.pem" ]; then broken=1; fi
    [ -z "${broken-}" ] ||
        quietly rm -rf -- "/etc/letsencrypt/renewal/$name.conf" "/etc/letsencrypt/live/$name" "/etc/letsencrypt/archive/$name"
}

# Has certbot order a certificate. It is asked once; whoever asks again after a failure is the next run or the timer.
order() {
    if ! command -v certbot >/dev/null; then
        say 'certbot is not on the host: the package certbot brings it'
        return 1
    fi
    clear_broken_lineage || return
    set -- certonly --non-interactive --agree-tos --cert-name "$name" --server "$server" --force-renewal \
        --renew-with-new-domains --no-autorenew --preferred-chain ''
    for domain in $domains; do
        set -- "$@" --domain "$domain"
    done
    if [ -n "$email" ]; then
        set -- "$@" --email "$email" --no-eff-email
    else
        set -- "$@" --register-unsafely-without-email
    fi
    case $key_type in
        ecdsa) set -- "$@" --key-type ecdsa --elliptic-curve secp256r1 ;;
        ecdsa-p384) set -- "$@" --key-type ecdsa --elliptic-curve secp384r1 ;;
        rsa) set -- "$@" --key-type rsa --rsa-key-size 2048 ;;
        *) set -- "$@" --key-type rsa --rsa-key-size "${key_type#rsa-}" ;;
    esac
    case $challenge in
        standalone) set -- "$@" --standalone ;;
        dns)
            set -- "$@" --manual --preferred-challenges dns --manual-auth-hook "$auth_hook"
            [ -z "$cleanup_hook" ] || set -- "$@" --manual-cleanup-hook "$cleanup_hook"
            ;;
        *)
            quietly mkdir -p -- "$webroot" || return
            set -- "$@" --webroot --webroot-path "$webroot"
            ;;
    esac
    said=$(
        [ -z "$ca_bundle" ] || export REQUESTS_CA_BUNDLE="$ca_bundle"
        IFS=" $newline" certbot "$@" </dev/null 2>&1
    ) && return
    # What certbot says to everybody, whatever went wrong, is left out.
    printf '%s\n' "$said" | grep -v -e '^ *$' -e '^Saving debug log' -e '^Ask for help' -e 'community\.letsencrypt\.org' \
        -e '^Account registered' -e '^Requesting a certificate' -e '^Renewing an existing' >&2
    # What certbot did not expect, only its log names.
    case $said in
        *'unexpected error'*)
            why=$(grep -E '^[A-Za-z0-9_.]*(Error|Exception|Timeout): ' /var/log/letsencrypt/letsencrypt.log | grep -v '^AttributeError' | tail -n 1)
            case $said in *"$why"*) ;; *) say "$why" ;; esac
            ;;
    esac
    return 1
}

# Puts the lineage of certbot in place.
deploy() { # OWNER:GROUP MODE
    new_set || return
    for file in privkey cert chain fullchain; do
        (umask 077 && quietly cp -L -- "/etc/letsencrypt/live/$name/$file.pem" "$new/$file.pem") || return
    done
    sign_off "acme $server" && put_set "$@"
}

# What uses a certificate is owed a reload from before the certificate changes until it has taken place. (In an apply
# infra owes it, but for an order.)
owe_reload() {
    [ -z "$reload" ] || : >"$certs/$name.reload"
}
pay_reload() {
    [ -e "$certs/$name.reload" ] || return 0
    for unit in $reload; do
        quietly systemctl try-reload-or-restart -- "$unit" || return
    done
    rm -f -- "$certs/$name.reload"
}

# Orders a certificate where there is none that is right, puts it in place and has it used. Ends with 3 where it is in
# place and due again already.
obtain() { # OWNER:GROUP MODE
    lineage_is_right || order || return
    owes=1
    deploy "$@" && pay_reload || return
    openssl x509 -in "$dir/.live/cert.pem" -noout -checkend "$renew_before" >/dev/null 2>&1 || return 3
}

# One run at a time.
lock() {
    quietly mkdir -p -- "$certs" || return
    exec 9>>"$certs/.lock"
    flock -w 600 9
}
