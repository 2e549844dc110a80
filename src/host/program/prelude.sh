# What every program finds: probes, steps and the session itself evaluate this text first. $R, $US, $FS, $TAB, $NL and
# $PATH have been set before. Names that start with an underscore belong to this file.
LC_ALL=C
export LC_ALL PATH
umask 022
set -f
IFS=$NL

# Splits a row into $f1 … $f12, empty where the row is shorter.
split_row() {
    IFS=$US
    set -- $1
    IFS=$NL
    f1=${1-} f2=${2-} f3=${3-} f4=${4-} f5=${5-} f6=${6-} f7=${7-} f8=${8-} f9=${9-} f10=${10-} f11=${11-} f12=${12-}
}

# Puts the plain text of a field into $decoded: FS n is a newline, FS u a unit separator, FS f FS itself.
decode() {
    case $1 in
        *"$FS"*) ;;
        *)
            decoded=$1
            return 0
            ;;
    esac
    IFS=$FS
    set -- $1
    IFS=$NL
    decoded=$1
    shift
    for _piece do
        case $_piece in
            n*) decoded=$decoded$NL${_piece#n} ;;
            u*) decoded=$decoded$US${_piece#u} ;;
            f*) decoded=$decoded$FS${_piece#f} ;;
        esac
    done
}

# Puts a text into $encoded as a field can hold it; the reverse of decode.
encode() {
    encoded=
    _rest=$1
    while :; do
        case $_rest in
            *["$NL$US$FS"]*) ;;
            *)
                encoded=$encoded$_rest
                return 0
                ;;
        esac
        _head=${_rest%%["$NL$US$FS"]*}
        _rest=${_rest#"$_head"}
        case $_rest in
            "$NL"*) _head=$_head${FS}n ;;
            "$US"*) _head=$_head${FS}u ;;
            *) _head=$_head${FS}f ;;
        esac
        encoded=$encoded$_head
        _rest=${_rest#?}
    done
}

# Writes a record: the index of the row it is about, then its fields.
emit() {
    _record=$R$US$1
    shift
    for _field do
        case $_field in
            *["$NL$US$FS"]*)
                encode "$_field"
                _field=$encoded
                ;;
        esac
        _record=$_record$US$_field
    done
    printf '%s\n' "$_record"
}

# Says that the row of a step with this index failed, and why, while others go on.
item_failed() {
    encode "$2"
    printf '\n%s!item%s%s%s%s\n' "$R" "$US" "$1" "$US" "$encoded"
    _items_failed=1
}

# Says that nothing had to be done for the row of a step with this index.
item_unchanged() {
    printf '\n%s!same%s%s%s\n' "$R" "$US" "$1" "$US"
}

# Runs a shell text as a user, in the folder and with the environment of the caller; as the caller itself where the name
# is empty. The text is in no argument list, and its standard input is empty.
as_user() {
    if [ -z "$1" ]; then
        (
            set +f
            IFS=" $TAB$NL"
            eval "$2"
        ) </dev/null
        return
    fi
    _loader='IFS= read -r size; text=$(dd bs="$size" count=1 iflag=fullblock 2>/dev/null; echo .)
exec </dev/null; eval "${text%.}"'
    if [ "$(id -u)" != 0 ]; then
        printf '%s\n%s' "${#2}" "$2" | sudo -n -H -u "$1" -- "$SH" -c "$_loader"
    elif command -v runuser >/dev/null; then
        printf '%s\n%s' "${#2}" "$2" | runuser -u "$1" -- "$SH" -c "$_loader"
    else
        printf '%s\n%s' "${#2}" "$2" | su -s "$SH" -c "$_loader" "$1"
    fi
}

# Copies exactly this many bytes of standard input to standard output; fewer only where the connection is lost meanwhile,
# so what was written is compared by its hash.
take() {
    _blocks=$(($1 / 65536))
    _bytes=$(($1 % 65536))
    if [ "$_blocks" -gt 0 ]; then
        dd bs=65536 count="$_blocks" iflag=fullblock 2>/dev/null || return 1
    fi
    if [ "$_bytes" -gt 0 ]; then
        dd bs="$_bytes" count=1 iflag=fullblock 2>/dev/null || return 1
    fi
}

# True where something is at this path, a dangling link too. Where nothing is, $path_state is "absent", or "denied"
# where it cannot be told: a parent that may not be searched, a mount that does not answer. No process.
path_state() {
    path_state=present
    if [ -e "$1" ] || [ -L "$1" ]; then
        return 0
    fi
    path_state=absent
    _parent=$1
    while :; do
        _parent=${_parent%/*}
        if [ -e "${_parent:-/}" ] || [ -L "${_parent:-/}" ]; then
            if [ -d "${_parent:-/}" ] && ! [ -x "${_parent:-/}" ]; then
                path_state=denied
            fi
            break
        fi
        [ -n "$_parent" ] || break
    done
    _foreign_mounts
    for _mount in $_mounts; do
        case $1/ in
            "$_mount"/*) [ -d "$_mount" ] || path_state=denied ;;
        esac
    done
    return 1
}

# Where a mount of these kinds has lost its other end, even root sees nothing below it.
_foreign_mounts() {
    [ -z "${_mounts_known-}" ] || return 0
    _mounts_known=1
    _mounts=
    [ -r /proc/self/mounts ] || return 0
    while IFS=' ' read -r _device _point _type _options; do
        case $_type in
            fuse.lxcfs) ;;
            fuse* | nfs* | cifs | smb* | 9p | ceph | afs | glusterfs | virtiofs) _mounts=$_mounts$_point$NL ;;
        esac
    done </proc/self/mounts
}

# Looks at the path in the first field of every row. Sets $scanned to one line a row, in their order:
#   index, "absent" or "denied"
#   index, type, owner, group, mode, size, SHA-256, path
# The type is file, directory, symlink or other; the mode has four octal digits; an owner without a name is a
# number; the hash is there for files, with "scan_paths hash". A constant number of processes, however many rows.
scan_paths() {
    scanned=
    [ -n "$ROWS" ] || return 0
    _scanned=$(
        _index=0
        for _row in $ROWS; do
            _path=${_row%%"$US"*}
            if path_state "$_path"; then
                printf '%s\n' "$_index$US$US$_path"
            else
                printf '%s\n' "$_index$US$path_state"
            fi
            _index=$((_index + 1))
        done
    )
    _answers=$(_scanned_paths "" | xargs -0 -r stat -c "%n$US%f$US%U$US%G$US%a$US%s$US%u$US%g")
    _scanned=$(_merge_stat)
    if [ "${1-}" = hash ]; then
        _answers=$(_scanned_paths file | xargs -0 -r sha256sum)
        _scanned=$(_merge_hash)
    fi
    scanned=$_scanned
    unset _scanned _answers
}

# Writes the paths of the lines of this type, each ended by NUL.
_scanned_paths() {
    for _line in $_scanned; do
        case $_line in
            *"$US"*"$US"*)
                _type=${_line#*"$US"}
                [ "${_type%%"$US"*}" != "$1" ] || printf '%s\0' "${_line##*"$US"}"
                ;;
        esac
    done
}

# Both lists are in the same order; an answer is missing where a path vanished meanwhile.
_merge_stat() {
    set -- $_answers
    for _line in $_scanned; do
        case $_line in
            *"$US"*"$US"*) ;;
            *)
                printf '%s\n' "$_line"
                continue
                ;;
        esac
        _path=${_line##*"$US"}
        _index=${_line%%"$US"*}
        case ${1-} in
            "$_path$US"*)
                split_row "${1#"$_path"}"
                shift
                ;;
            *)
                _vanished "$_index" "$_path"
                continue
                ;;
        esac
        case $f2 in
            8???) f2=file ;;
            4???) f2=directory ;;
            a???) f2=symlink ;;
            *) f2=other ;;
        esac
        case $f5 in
            ?) f5=000$f5 ;;
            ??) f5=00$f5 ;;
            ???) f5=0$f5 ;;
        esac
        [ "$f3" != UNKNOWN ] || f3=$f7
        [ "$f4" != UNKNOWN ] || f4=$f8
        printf '%s\n' "$_index$US$f2$US$f3$US$f4$US$f5$US$f6$US$US$_path"
    done
}

_merge_hash() {
    set -- $_answers
    for _line in $_scanned; do
        _index=${_line%%"$US"*}
        _path=${_line##*"$US"}
        case ${_line#*"$US"} in
            "file$US"*) ;;
            *)
                printf '%s\n' "$_line"
                continue
                ;;
        esac
        # Where the path has a backslash, GNU sha256sum writes two and starts the line with one.
        case $_path${1-} in
            *\\*\\*) _sum=${1#\\} ;;
            *[" *"]"$_path") _sum=$1 ;;
            *)
                _vanished "$_index" "$_path"
                continue
                ;;
        esac
        shift
        printf '%s\n' "${_line%"$US$US$_path"}$US${_sum%% *}$US$_path"
    done
}

# A path that was seen a moment ago, but told nothing, is gone or may not be read.
_vanished() {
    if path_state "$2"; then
        path_state=denied
    fi
    printf '%s\n' "$1$US$path_state"
}
