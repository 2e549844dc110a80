# The state is enabled, disabled or gone. The last part of the path is
# the site's name; where its file is, the functions of the layout say, which are place.sh in its folder.
# All sites are put in place with their old selves beside them, nginx looks at the whole, and what it refuses goes back.
columns path owner group mode staged size state
more_folders=$folder$NL${enabled-}
unpack_files
sites=$ROWS ROWS='' new=/dev/null
for row in $sites; do
    read_row "$row"
    find_file "${path##*/}"
    [ -z "$staged" ] || new=${staged%/*}
    ROWS=$ROWS${ROWS:+$NL}$file$US$owner$US$group$US$mode$US$staged$US$size$US$state$US
done

# Nginx reads none of the names that start with a dot.
set_aside() { # NAME
    : >"$folder/.infra-untested-$1" || return
    rm -f -- "$folder/.infra-old-$1" "$folder/.infra-linked-$1"
    find_file "$1"
    if [ -e "$file" ]; then
        ln -- "$file" "$folder/.infra-old-$1" || return
    fi
    if is_served "$1"; then
        : >"$folder/.infra-linked-$1"
    fi
}
put_back() { # NAME; the new self stays beside for another try
    find_file "$1"
    # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
    if [ -e "$file" ] && ! [ "$file" -ef "$folder/.infra-old-$1" ]; then
        mv -f -T -- "$file" "$new/$1"
    fi
    was_served=no
    [ ! -e "$folder/.infra-linked-$1" ] || was_served=yes
    put_old_back "$1" "$was_served"
}
tidy() { # NAME
    rm -f -- "$folder/.infra-old-$1" "$folder/.infra-linked-$1" "$folder/.infra-untested-$1"
}
each() { # FUNCTION: calls it with index, name and state of every row that has not failed
    each=-1
    for row in $sites; do
        read_row "$row"
        each=$((each + 1))
        case $refused in *:$each:*) ;; *) "$1" "$each" "${path##*/}" "$state" ;; esac
    done
}

only_if_closed() {
    for place in $folder ${enabled-}; do
        needs_closed "$place" || refuse "$1" "$why"
    done
}
each only_if_closed
take_over_access
give chown
give chmod
save() { [ ! -e "$new/$2" ] || sync -- "$new/$2" 2>/dev/null || sync; }
each save

begin() {
    find_file "$2"
    if [ "$3" = enabled ] && ! [ -e "$file" ] && ! [ -e "$new/$2" ]; then
        refuse "$1" "$file is not there, and the spec gives no content"
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
for row in $sites; do
    read_row "$row"
    tidy "${path##*/}"
done
drop_stages
