# The owner is that of the files, with the group, the mode that of the key; the action is issue, temporary, provided or keep. Kept is
# "settings" where the settings are to be kept for renewals (none: there are to be no renewals). Sizes and SHA-256 are of what is
# on standard input, where it is provided.
columns name folder owner mode action kept settings chain_size chain_hash key_size key_hash

# Keeps how the certificate is to be renewed.
keep_settings() { # NAME SETTINGS
    if [ -z "$2" ]; then
        rm -f -- "$certs/$1.conf" "$certs/$1.reload"
        return
    fi
    aside "$certs" "$1.new" && printf '%s' "$2" >"$aside" && chmod 0644 "$aside" && sync && mv -f -T -- "$aside" "$certs/$1.conf"
}

# A certificate for the time until the ordered one is there; if certbot has one already, that one.
temporary() { # OWNER:GROUP MODE
    if [ -s "/etc/letsencrypt/live/$name/privkey.pem" ] && deploy "$@" 2>/dev/null; then
        return
    fi
    days=90
    new_set && make_key && self_sign temporary 'Temporary certificate' && put_set "$@"
}

# Parts what came: the first certificate, and those after it.
part() {
    openssl x509 -in "$new/fullchain.pem" -out "$new/cert.pem" 2>/dev/null </dev/null || : >"$new/cert.pem"
    awk '/-----BEGIN CERTIFICATE-----/ { n++ } n > 1' "$new/fullchain.pem" >"$new/chain.pem" || return
    if [ ! -s "$new/chain.pem" ] && openssl verify -no_check_time -partial_chain -trusted "$new/cert.pem" "$new/cert.pem" >/dev/null 2>&1 &&
        [ "$(openssl x509 -in "$new/cert.pem" -noout -subject_hash)" = "$(openssl x509 -in "$new/cert.pem" -noout -issuer_hash)" ]; then
        # It is signed by its own key.
        cp -- "$new/cert.pem" "$new/chain.pem" || return
    fi
    sign_off provided
}

# Puts the files in place that came with the step.
provided() { # OWNER:GROUP MODE CHAIN-SIZE CHAIN-HASH KEY-SIZE KEY-HASH
    if ! new_set; then
        take "$3" >/dev/null
        take "$5" >/dev/null
        return 1
    fi
    (umask 077 && take "$3" >"$new/fullchain.pem" && take "$5" >"$new/privkey.pem") || return
    sum=$(sha256sum <"$new/fullchain.pem") && [ "${sum%% *}" = "$4" ] && sum=$(sha256sum <"$new/privkey.pem") &&
        [ "${sum%% *}" = "$6" ] || {
        say 'the files did not arrive whole; is the disk full?'
        return 1
    }
    part && put_set "$1" "$2"
}

# Gives the files in use their owners and modes.
adjust() { # OWNER:GROUP MODE
    needs_closed "$dir" || say "$dir: $why" || return
    quietly chown -- "$1" "$dir/.live/privkey.pem" "$dir/.live/cert.pem" "$dir/.live/chain.pem" "$dir/.live/fullchain.pem" &&
        quietly chmod -- 0644 "$dir/.live/cert.pem" "$dir/.live/chain.pem" "$dir/.live/fullchain.pem" &&
        quietly chmod -- "$2" "$dir/.live/privkey.pem" && link
}

lock || exit
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    decode "$settings"
    read_settings "$name" <<SETTINGS
$decoded
SETTINGS
    dir=$folder
    # The stages are made here, for what is made in a subshell is not known outside of it.
    if ! ready_stage "$dir/" || ! ready_stage "$certs/"; then
        [ "$action" != provided ] || { take "$chain_size" && take "$key_size"; } >/dev/null
        item_failed "$i" "$why"
        continue
    fi
    message=$(
        exec 2>&1
        tidy
        [ "$kept" != settings ] || keep_settings "$name" "$decoded" || exit
        case $action in
            issue) issue "$owner" "$mode" ;;
            temporary) temporary "$owner" "$mode" ;;
            provided) provided "$owner" "$mode" "$chain_size" "$chain_hash" "$key_size" "$key_hash" ;;
            *) adjust "$owner" "$mode" ;;
        esac && pay_reload
    ) || item_failed "$i" "${message:-it could not be put in place}"
done
