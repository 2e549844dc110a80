# A row: user, words (home: see that its home is there; system; only: in no other groups; comment: set it), uid, primary
# group, groups, home, shell, comment, password hash, "yes" or "no" for locked, the users that go, between commas. What is empty stays
# as it is, or becomes what the host gives a new user.
columns name words uid group groups home shell comment password locked going

# Makes the home of a user from /etc/skel, as useradd would.
make_home() {
    IFS=:
    set -- $(getent passwd "$name")
    IFS=$NL
    home=$6 owner=$3:$4
    [ ! -d "$home" ] || return 0
    home_mode=0755
    if [ -r /etc/login.defs ]; then
        while IFS=' '"$TAB" read -r key value _; do
            [ "$key" != HOME_MODE ] || home_mode=$value
        done </etc/login.defs
    fi
    fill_home
    set -- $?
    # This is a subshell, at whose end nobody else removes it.
    drop_known
    return "$1"
}

fill_home() {
    ready_file "$home" || say_why || return
    mkdir -m 0700 -- "$new" || return
    if [ -d /etc/skel ]; then
        cp -R /etc/skel/. "$new"/ || return
    fi
    chown -hR -- "$owner" "$new" && chmod -- "$home_mode" "$new" || return
    put_at "$new" "$home" || say_why
}

apply_user() {
    read_row "$1"
    words=" $words "
    decode "$comment" && comment=$decoded
    set --
    if [ -n "$uid" ]; then
        make_room passwd "$uid" "$going" usermod -u || return
        set -- -u "$uid"
    fi
    [ -z "$home" ] || set -- "$@" -d "$home"
    [ -z "$shell" ] || set -- "$@" -s "$shell"
    case $words in *' comment '*) set -- "$@" -c "$comment" ;; esac
    # What the plan found absent may have come with a package meanwhile.
    case $there in *"$NL$name:"*) is_there=1 ;; *) is_there= ;; esac
    if [ -n "$is_there" ]; then
        [ -z "$group" ] || set -- "$@" -g "$group"
        if [ -n "$groups" ]; then
            case $words in
                *' only '*) set -- "$@" -G "$groups" ;;
                *) set -- "$@" -a -G "$groups" ;;
            esac
        else
            case $words in *' only '*) set -- "$@" -G '' ;; esac
        fi
        [ $# -eq 0 ] || usermod "$@" -- "$name" || return
        case $words in *' home '*) make_home || return ;; esac
    else
        # A group of the user's own name is made where none is there.
        if getent group "${group:-$name}" >/dev/null; then
            set -- "$@" -g "${group:-$name}"
        elif [ "${group:-$name}" = "$name" ]; then
            set -- "$@" -U
        else
            echo "there is no group $group"
            return 1
        fi
        [ -z "$groups" ] || set -- "$@" -G "$groups"
        case $words in *' system '*) set -- "$@" -r ;; esac
        case $words in *' home '*) set -- "$@" -m ;; *) set -- "$@" -M ;; esac
        useradd "$@" -- "$name" || return
    fi
    if [ -n "$password" ]; then
        printf '%s:%s\n' "$name" "$password" | chpasswd -e || return
    fi
    case $locked in
        yes) usermod -L -- "$name" ;;
        no) usermod -U -- "$name" ;;
    esac
}

names=
for row in $ROWS; do
    read_row "$row"
    names=$names$name$NL
done
there=$NL$(getent passwd $names)
i=0
for row in $ROWS; do
    if ! message=$(apply_user "$row" </dev/null 2>&1); then
        item_failed "$i" "$message"
    fi
    i=$((i + 1))
done
