# Renews the certificates of /etc/infra/certs whose time is near. Authorities come first: what they sign is signed anew.
set -fu
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
IFS=$newline

is_due() {
    [ -s "$dir/.live/cert.pem" ] || return 0
    openssl x509 -in "$dir/.live/cert.pem" -noout -checkend "$renew_before" >/dev/null 2>&1 || return 0
    [ "$issuer" = ca ] || return 1
    ! openssl verify -no_check_time -partial_chain -trusted "$(folder_of "$ca")/.live/cert.pem" "$dir/.live/cert.pem" \
        >/dev/null 2>&1
}

renew() {
    read_settings "$1" <"$certs/$1.conf" || return
    tidy
    if is_due; then
        owner=$(stat -c %u:%g -- "$dir/.live/privkey.pem") && mode=$(stat -c %a -- "$dir/.live/privkey.pem") || return
        if [ "$issuer" = acme ]; then
            obtain "$owner" "$mode"
            case $? in
                0) ;;
                3) say "$1: due again at once, as it is issued for less than renew_before" ;;
                *) return 1 ;;
            esac
        else
            owes=1
            issue "$owner" "$mode" || return
        fi
        printf '%s: renewed\n' "$1"
    fi
    pay_reload
}

lock || exit
failed=
set +f
set -- "$certs"/*.conf
set -f
for which in authorities others; do
    for file do
        [ -f "$file" ] || continue
        kind=others
        if grep -q '^authority' "$file"; then kind=authorities; fi
        [ "$kind" = "$which" ] || continue
        one=${file##*/}
        one=${one%.conf}
        if ! (renew "$one"); then
            printf '%s: not renewed\n' "$one" >&2
            failed=1
        fi
    done
done
[ -z "$failed" ]
