# Row: path and more, as for owned_file/look.sh; the last part of the path is the site's name. Records as there, and a further
# one for each row: "link"; yes, no or what is in the link's place; "untested" where a run was killed before nginx was asked;
# "no-nginx" where there is none. No more processes than owned_file/look.sh.
emit_files
i=0 no_nginx=no-nginx
if command -v nginx >/dev/null; then no_nginx=; fi
for row in $ROWS; do
    split_row "$row"
    link=/etc/nginx/sites-enabled/${f1##*/}
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if [ "$link" -ef "$f1" ] && [ -L "$link" ]; then
        state=yes
    elif [ -L "$link" ] && ! [ -e "$f1" ]; then
        state=yes # It leads to a file that is gone.
    elif [ -L "$link" ]; then
        state='a link to something else'
    elif [ -e "$link" ]; then
        state='a file that is no link'
    else
        state=no
    fi
    untested=
    if [ -e "/etc/nginx/sites-available/.infra-untested-${f1##*/}" ]; then untested=untested; fi
    emit "$i" link "$state" "$untested" "$no_nginx"
    i=$((i + 1))
done
