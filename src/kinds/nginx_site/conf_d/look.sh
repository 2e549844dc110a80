# Row and records as for sites_enabled/look.sh. A site that is served is NAME.conf here, one that is not NAME.conf.disabled, which
# nginx passes over.
asked=$ROWS ROWS='' no_nginx=no-nginx
if command -v nginx >/dev/null; then no_nginx=; fi
for row in $asked; do
    split_row "$row"
    file=/etc/nginx/conf.d/${f1##*/}.conf
    if ! [ -e "$file" ] && ! [ -L "$file" ]; then
        file=$file.disabled
    fi
    ROWS=$ROWS${ROWS:+$NL}$file$US${row#*"$US"}
done
emit_files
i=0
for row in $ROWS; do
    split_row "$row"
    name=${f1##*/} state=no untested=''
    case $f1 in *.conf) state=yes ;; esac
    name=${name%.disabled}
    if [ -e "/etc/nginx/conf.d/.infra-untested-${name%.conf}" ]; then untested=untested; fi
    emit "$i" link "$state" "$untested" "$no_nginx"
    i=$((i + 1))
done
ROWS=$asked
