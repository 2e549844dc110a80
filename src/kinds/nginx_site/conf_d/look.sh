# Rows and records are those of sites_enabled/look.sh. A site that is served is NAME.conf here, one that is not NAME.conf.disabled, which
# nginx passes over.
# Record: "link", state, untested, no_nginx
columns path hash most
asked=$ROWS ROWS='' no_nginx=no-nginx
if command -v nginx >/dev/null; then no_nginx=; fi
for row in $asked; do
    read_row "$row"
    file=/etc/nginx/conf.d/${path##*/}.conf
    if ! [ -e "$file" ] && ! [ -L "$file" ]; then
        file=$file.disabled
    fi
    ROWS=$ROWS${ROWS:+$NL}$file$US$hash$US$most$US
done
emit_files
i=0
for row in $ROWS; do
    read_row "$row"
    name=${path##*/} state=no untested=''
    case $path in *.conf) state=yes ;; esac
    name=${name%.disabled}
    if [ -e "/etc/nginx/conf.d/.infra-untested-${name%.conf}" ]; then untested=untested; fi
    emit "$i" link "$state" "$untested" "$no_nginx"
    i=$((i + 1))
done
ROWS=$asked
