# What programs share that write files whole; ownership.sh and replace.sh go before. Row: path, owner, group, mode, where it is
# unpacked ("" where its content stays), its size. Rows of one folder follow each other.
# The step's input is a tar archive of all contents. They are unpacked into folders named .infra-new beside their places,
# where nobody else may look, get owner and mode there, are synced, and renamed. Some processes for each folder, owner
# and mode, and none for each file.
columns path owner group mode staged size

# Unpacks the contents, and gives them what they take over from what they replace.
stage_files() {
    unpack_files
    pairs=$(for row in $ROWS; do
        read_row "$row"
        [ -z "$staged" ] || printf '%s\n' "$path" "$staged"
    done)
    lost=$(keep_access $pairs) || exit
    [ -n "$lost" ] || return 0
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        case $NL$lost$NL in
            *"$NL$path$NL"*) refuse "$i" "its access control list (ACL) cannot be given to the new content; the package acl can" ;;
        esac
    done
}

unpack_files() {
    stages='' below='' last=''
    for row in $ROWS; do
        read_row "$row"
        if [ -z "$staged" ] || [ "${staged%/*}" = "$last" ]; then continue; fi
        last=${staged%/*}
        stage=${staged%/.infra-new/*}/.infra-new
        case $NL$stages in *"$NL$stage$NL"*) ;; *) stages=$stages$stage$NL ;; esac
        [ "$last" = "$stage" ] || below=$below$last$NL
    done
    [ -n "$stages" ] || return 0
    # What a killed run left.
    stale=
    for stage in $stages; do
        if [ -e "$stage" ] || [ -L "$stage" ]; then stale=$stale$stage$NL; fi
    done
    [ -z "$stale" ] || rm -rf -- $stale
    # shellcheck disable=SC2016 # evaluated at the end
    at_exit='IFS=$NL; rm -rf -- $stages'
    # PIPE, because the shell says of a child that it was terminated, and nobody may be there to hear it.
    trap 'exit 143' HUP INT PIPE TERM
    if ! printf '%s\0' $stages | xargs -0 mkdir -m 0700 -- 2>/dev/null; then
        for stage in $stages; do
            rmdir -- "$stage" 2>/dev/null
            message=$(mkdir -m 0700 -- "$stage" 2>&1) && continue
            if [ -d "${stage%/*}/" ]; then
                refuse_below "$stage" "cannot write beside it: $message"
            else
                refuse_below "$stage" "the folder ${stage%/*} is not there: \`directories\` makes it"
            fi
        done
    fi
    [ -z "$below" ] || (umask 077 && mkdir -p -- $below)
    # Without names all of it is unpacked.
    set --
    if [ -n "$refused" ]; then
        i=-1
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ -z "$staged" ] || set -- "$@" "${staged#/}"
        done
        [ $# -gt 0 ] || return 0
    fi
    message=$(umask 077; tar -x -m -o -f - -C / -- "$@" 2>&1)
    unpacked=$? i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -n "$staged" ] || continue
        if [ -f "$staged" ]; then
            if [ "$unpacked" = 0 ] || [ "$(stat -c %s -- "$staged")" = "$size" ]; then continue; fi
        fi
        refuse "$i" "its content did not arrive whole; is the disk full? ${message%%"$NL"*}"
    done
}

# refuse_below STAGE MESSAGE: nothing can be unpacked there.
refuse_below() {
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        case $staged in "$1"/*) refuse "$i" "$2" ;; esac
    done
}

# Puts what was unpacked in its place.
place_files() {
    [ -n "$stages" ] || return 0
    rename_files
    rm -rf -- $stages
    at_exit=
}

rename_files() {
    # A line for each folder: the folder, then what goes there.
    moves=$(
        i=-1 last=
        for row in $ROWS; do
            i=$((i + 1))
            case $refused in *":$i:"*) continue ;; esac
            read_row "$row"
            [ -n "$staged" ] || continue
            if [ "${path%/*}/" != "$last" ]; then
                last=${path%/*}/
                printf '\n%s' "$last"
            fi
            printf '%s' "$US$staged"
        done
    )
    [ -n "$moves" ] || return 0
    # A few files are synced by themselves, many with all of their file systems: each file on its own takes long.
    IFS=$US$NL
    set -- $moves
    IFS=$NL
    if [ $# -le 20 ]; then
        for one do
            case $one in */) ;; *) printf '%s\0' "$one" ;; esac
        done | xargs -0 sync -- 2>/dev/null || sync
    else
        sync -f -- $stages 2>/dev/null || sync
    fi
    failed=
    for line in $moves; do
        IFS=$US
        set -- $line
        IFS=$NL
        last=$1
        shift
        mv -f -t "$last" -- "$@" 2>/dev/null || failed=1
    done
    [ -n "$failed" ] || return 0
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -e "$staged" ] || continue
        message=$(mv -f -t "${path%/*}/" -- "$staged" 2>&1) || refuse "$i" "$message"
    done
}
