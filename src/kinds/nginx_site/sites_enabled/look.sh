# The path's last part is the site's name. Records are those of emit_files, and a further one for each row: the state is yes, no or what
# is in the link's place; "untested" where a run was killed before nginx was asked; "no-nginx" where there is none. No more processes than
# emit_files takes.
# Record: "link", state, untested, no_nginx
columns path hash most
emit_files
i=0 no_nginx=no-nginx
if command -v nginx >/dev/null; then no_nginx=; fi
for row in $ROWS; do
    read_row "$row"
    link=/etc/nginx/sites-enabled/${path##*/}
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if [ "$link" -ef "$path" ] && [ -L "$link" ]; then
        state=yes
    elif [ -L "$link" ] && ! [ -e "$path" ]; then
        state=yes # It leads to a file that is gone.
    elif [ -L "$link" ]; then
        state='a link to something else'
    elif [ -e "$link" ]; then
        state='a file that is no link'
    else
        state=no
    fi
    untested=
    if [ -e "/etc/nginx/sites-available/.infra-untested-${path##*/}" ]; then untested=untested; fi
    emit "$i" link "$state" "$untested" "$no_nginx"
    i=$((i + 1))
done
