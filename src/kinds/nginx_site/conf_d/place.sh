# The file of a site is in $folder, as NAME.conf where the site is served and as NAME.conf.disabled where it is not.
folder=/etc/nginx/conf.d

find_file() { # NAME
    file=$folder/$1.conf
    if ! [ -e "$file" ] && [ -e "$file.disabled" ]; then
        file=$file.disabled
    fi
}
is_served() { # NAME
    [ -e "$folder/$1.conf" ]
}
put_in_place() { # NAME STATE
    case $2 in
        enabled) there=$folder/$1.conf gone=$folder/$1.conf.disabled ;;
        disabled) there=$folder/$1.conf.disabled gone=$folder/$1.conf ;;
        *)
            rm -f -- "$folder/$1.conf" "$folder/$1.conf.disabled"
            return
            ;;
    esac
    find_file "$1"
    if [ -e "$new/$1" ]; then
        mv -f -T -- "$new/$1" "$there" && rm -f -- "$gone"
    elif [ "$file" = "$gone" ] && [ -e "$file" ]; then
        mv -f -T -- "$gone" "$there"
    fi
}
put_old_back() { # NAME yes|no: whether it was served
    there=$folder/$1.conf gone=$folder/$1.conf.disabled
    if [ "$2" = no ]; then
        there=$gone gone=$folder/$1.conf
    fi
    if [ -e "$folder/.infra-old-$1" ]; then
        ln -f -- "$folder/.infra-old-$1" "$there"
    else
        rm -f -- "$there"
    fi
    rm -f -- "$gone"
}
