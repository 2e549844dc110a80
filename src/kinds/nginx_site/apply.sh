# Row: as for all files that are written whole, with one more field: "enabled", "disabled" or "gone".
# All sites are put in place with their old selves beside them, nginx looks at the whole, and what it refuses goes back.
available=/etc/nginx/sites-available
enabled=/etc/nginx/sites-enabled
new=$available/.infra-new

# Nginx reads none of the names that start with a dot.
set_aside() { # NAME
    : >"$available/.infra-untested-$1" || return
    rm -f -- "$available/.infra-old-$1" "$available/.infra-linked-$1"
    if [ -e "$available/$1" ]; then
        ln -- "$available/$1" "$available/.infra-old-$1" || return
    fi
    if [ -L "$enabled/$1" ]; then
        : >"$available/.infra-linked-$1"
    fi
}
put_in_place() { # NAME STATE
    if [ "$2" = gone ]; then
        rm -f -- "$enabled/$1" "$available/$1"
        return
    fi
    if [ -e "$new/$1" ]; then
        mv -f -T -- "$new/$1" "$available/$1" || return
    fi
    if [ "$2" = disabled ]; then
        rm -f -- "$enabled/$1"
    else
        ln -s -f -T -- "$available/$1" "$enabled/$1"
    fi
}
put_back() { # NAME; the new self stays beside for another try
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if [ -e "$available/$1" ] && ! [ "$available/$1" -ef "$available/.infra-old-$1" ]; then
        mv -f -T -- "$available/$1" "$new/$1"
    fi
    if [ -e "$available/.infra-old-$1" ]; then
        ln -f -- "$available/.infra-old-$1" "$available/$1"
    fi
    if [ -e "$available/.infra-linked-$1" ]; then
        ln -s -f -T -- "$available/$1" "$enabled/$1"
    else
        rm -f -- "$enabled/$1"
    fi
}
tidy() { # NAME
    rm -f -- "$available/.infra-old-$1" "$available/.infra-linked-$1" "$available/.infra-untested-$1"
}
each() { # FUNCTION: calls it with index, name and state of every row that has not failed
    each=-1
    for row in $ROWS; do
        split_row "$row"
        each=$((each + 1))
        case $refused in *:$each:*) ;; *) "$1" "$each" "${f1##*/}" "$f7" ;; esac
    done
}

stage_files
give chown
give chmod
save() { [ ! -e "$new/$2" ] || sync -- "$new/$2" 2>/dev/null || sync; }
each save

begin() {
    if [ "$3" = enabled ] && ! [ -e "$available/$2" ] && ! [ -e "$new/$2" ]; then
        refuse "$1" "$available/$2 is not there, and the spec gives no content"
        return
    fi
    if ! message=$(set_aside "$2" 2>&1); then
        refuse "$1" "$message"
    elif ! message=$(put_in_place "$2" "$3" 2>&1); then
        put_back "$2"
        refuse "$1" "$message"
    fi
}
back() { put_back "$2"; }
alone() {
    if ! message=$(put_in_place "$2" "$3" 2>&1); then
        put_back "$2"
        refuse "$1" "$message"
    elif ! message=$(nginx -t -q 2>&1); then
        put_back "$2"
        refuse "$1" "nginx refuses it, and it was put back as it was: $message"
    fi
}
each begin
# Sites may need each other, so the whole is looked at first.
if ! message=$(nginx -t -q 2>&1); then
    each back
    if ! message=$(nginx -t -q 2>&1); then
        blame() { refuse "$1" "nginx refuses its configuration as it was before: $message"; }
        # What was wrong before may be what these sites mend; it is not theirs to be judged by.
        each blame
    else
        each alone
    fi
fi
for row in $ROWS; do
    split_row "$row"
    tidy "${f1##*/}"
done
[ -z "$stages" ] || rm -rf -- $stages
at_exit=
