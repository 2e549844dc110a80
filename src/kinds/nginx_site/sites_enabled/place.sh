# The file of a site is in $folder, and the site is served where it is linked from $enabled.
folder=/etc/nginx/sites-available
enabled=/etc/nginx/sites-enabled

find_file() { # NAME
    file=$folder/$1
}
is_served() { # NAME
    [ -L "$enabled/$1" ]
}
put_in_place() { # NAME STATE
    if [ "$2" = gone ]; then
        rm -f -- "$enabled/$1" "$folder/$1"
        return
    fi
    if [ -e "$new/$1" ]; then
        mv -f -T -- "$new/$1" "$folder/$1" || return
    fi
    if [ "$2" = disabled ]; then
        rm -f -- "$enabled/$1"
    else
        ln -s -f -T -- "$folder/$1" "$enabled/$1"
    fi
}
put_old_back() { # NAME yes|no: whether it was served
    if [ -e "$folder/.infra-old-$1" ]; then
        ln -f -- "$folder/.infra-old-$1" "$folder/$1"
    fi
    if [ "$2" = yes ]; then
        ln -s -f -T -- "$folder/$1" "$enabled/$1"
    else
        rm -f -- "$enabled/$1"
    fi
}
