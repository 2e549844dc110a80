
# What follows is the same for all backups. The settings are the lines at the top that begin with "#: ", and what is done with
# the source is above.
#
#   run            makes a backup, then removes those that are too many or too old (the default)
#   list           lists the backups, the newest first: name and size in bytes
#   restore NAME   puts a backup in the place of what is there now, after a backup of that
#   replace NAME   the same without that backup
set -u
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
newline='
'
name='' database='' paths='' excludes='' dir='' credentials='' compress=none keep='' keep_days=''
while IFS= read -r line; do
    case $line in
        '#: '*) ;;
        '#'*) continue ;;
        *) break ;;
    esac
    line=${line#'#: '}
    value=${line#* }
    case ${line%% *} in
        name) name=$value ;;
        database) database=$value ;;
        path) paths=$paths$value$newline ;;
        exclude) excludes=$excludes$value$newline ;;
        dir) dir=$value ;;
        credentials) credentials=$value ;;
        compress) compress=$value ;;
        keep) keep=$value ;;
        keep_days) keep_days=$value ;;
    esac
done <"$0"
set -f
IFS=$newline

case $compress in
    gzip) suffix=$suffix.gz ;;
    zstd) suffix=$suffix.zst ;;
esac
# What a killed run has left the next one removes, by its name.
run=backup-$name
note() { :; }

fail() {
    printf 'backup %s: %s\n' "$name" "$*" >&2
    exit 1
}

# Readies the folder; only one run at a time works in it.
prepare() {
    if ! [ -d "$dir" ]; then
        make_way "${dir%/*}" && way_to "$dir" && enter "$_folder" && why=$(mkdir -m 0700 -- "./${dir##*/}" 2>&1) ||
            fail "cannot make $dir: $why"
        leave
    fi
    # place.sh has the numbers from 8 on.
    exec 7>>"/run/infra-backup-$name.lock"
    flock -n 7 || fail "another run of it is under way"
    know_folders "$dir"
    find_stage "$dir" || fail "cannot write to $dir: $why"
    # What a killed run has left.
    set +f
    rm -rf -- "${stage%-*}"-*
    set -f
    trap 'eval "$at_exit"' EXIT
    stage_for "$dir" || fail "cannot write to $dir: $why"
    new=$stage/new copy=$stage/copy
    if [ -n "$credentials" ]; then
        case $(stat -L -c '%u %a' -- "$credentials") in
            '0 '*00) ;;
            '') fail "the credentials $credentials cannot be read" ;;
            *) fail "the credentials $credentials are not for root alone: chown root and chmod 600 them" ;;
        esac
    fi
}

pack() {
    case $compress in
        gzip) gzip -c ;;
        zstd) zstd -q -c ;;
        *) cat ;;
    esac
}

# Writes a backup, unpacked, to standard output. Its packing is told by NAME.
unpack() {
    case $2 in
        *.gz) gzip -d -c <"$1" ;;
        *.zst) zstd -q -d -c <"$1" ;;
        *) cat <"$1" ;;
    esac
}

# check FILE NAME: says whether a backup is whole.
check() {
    [ -s "$1" ] || return
    wrong=$({ { unpack "$1" "$2" 3>&- || echo unpack >&3; } | { is_whole 3>&- || echo incomplete >&3; }; } 3>&1)
    [ -z "$wrong" ]
}

# make LABEL CONSEQUENCE: makes a backup under a temporary name, looks whether it is whole, and renames it. Sets $made.
make() {
    hence="; ${2:-nothing was kept of it}"
    made=$name-$(date -u +%Y%m%dT%H%M%SZ)$1$suffix
    ready "$hence"
    wrong=$({ { dump 3>&- || echo dump >&3; } | { pack 3>&- || echo write >&3; } >"$new" || echo write >&3; } 3>&1)
    case $wrong in
        '') ;;
        *write*) fail "cannot write to $dir$hence" ;;
        *) fail "the dump failed$hence" ;;
    esac
    check "$new" "$made" || fail "what was dumped is not whole$hence"
    { sync -- "$new" 2>/dev/null || sync; } && put_at "$new" "$dir/$made" || fail "cannot write to $dir: $why$hence"
    sync -- "$dir" 2>/dev/null || sync
    rm -f -- "$copy"
}

# prune LABEL: removes backups beyond the newest $keep; with $keep_days, only those that are older too.
prune() {
    enter "$dir" || fail "cannot look into $dir: $why"
    set +f
    set -- "./$name"-????????T??????Z"$1".*
    set -f
    [ -e "$1" ] || shift
    while [ $# -gt "$keep" ]; do
        if [ -z "$keep_days" ] || [ -n "$(find "$1" -prune -mtime "+$keep_days")" ]; then
            rm -f -- "$1"
        fi
        shift
    done
    leave
}

run() {
    prepare
    make ''
    prune ''
    prune -before-restore
    printf 'backup %s: made %s/%s, %s bytes\n' "$name" "$dir" "$made" "$(stat -c %s -- "$dir/$made")"
}

list() {
    set +f
    set -- "$dir/$name"-????????T??????Z*
    set -f
    [ -e "$1" ] || return 0
    stat -c '%n %s' -- "$@" | sort -r | while IFS= read -r line; do
        printf '%s\n' "${line#"$dir/"}"
    done
}

restore() {
    case $1 in
        "$name"-*) ;;
        *) fail "$1 is no backup of it" ;;
    esac
    case $1 in */*) fail "name the backup as the list does, without a folder" ;; esac
    [ -f "$dir/$1" ] || fail "there is no backup $1 in $dir"
    prepare
    hold "$dir/$1" || fail "$1 cannot be read: $why"
    check "$held" "$1" || fail "$1 is not whole; nothing was changed"
    safety=
    if [ "$2" = keep ] && exists; then
        make -before-restore 'so what is there now could not be kept, and nothing was changed (the command replace does without)'
        safety=$made
        printf 'backup %s: what was there before is kept as %s\n' "$name" "$safety"
    fi
    hold "$dir/$1" || fail "$1 cannot be read: $why"
    wrong=$({ { unpack "$held" "$1" 3>&- || echo unpack >&3; } | { load 3>&- >&2 || echo load >&3; }; } 3>&1)
    [ -z "$wrong" ] || fail "$1 could not be restored${safety:+; bring back what was there with: restore $safety}"
    printf 'backup %s: restored %s\n' "$name" "$1"
}

case ${1-run} in
    run) run ;;
    list) list ;;
    restore) restore "${2:?which backup? the command list shows them}" keep ;;
    replace) restore "${2:?which backup? the command list shows them}" replace ;;
    *) fail "the commands are run, list, restore NAME and replace NAME" ;;
esac
