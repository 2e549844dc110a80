# What every program finds: probes, steps and the session itself evaluate this text first. $R, $US, $FS, $TAB, $NL, $PATH, $SH
# and $run have been set before. Names that start with an underscore belong to this file.
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

# "columns NAME…" says what the fields of rows are called, in their order. A last name "more" stands for all that is left of a row,
# its fields apart. read_row sets variables of these names; awk finds a field by its name, as $path, with $awk_columns among
# its arguments.
columns() {
    _set='' _number=0 awk_columns=''
    for _name do
        _number=$((_number + 1))
        case $_name in
            more) _set="$_set; _rest $_number \"\$@\"" ;;
            *) _set="$_set $_name=\${$_number-}" ;;
        esac
        awk_columns=$awk_columns-v$NL$_name=$_number$NL
    done
}

# Splits a row into variables that are called as its columns, empty where the row is shorter.
read_row() {
    IFS=$US
    set -- $1
    IFS=$NL
    eval "$_set"
}

# Sets $more to the fields from this one on.
_rest() {
    more=
    [ "$#" -gt "$1" ] || return 0
    shift "$1"
    IFS=$US
    more="$*"
    IFS=$NL
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

# True where accounts and groups are those of /etc/passwd and /etc/group and no others, so that reading these spares asking
# the name service (nsswitch.conf(5)). No process.
accounts_are_files() {
    [ -r /etc/nsswitch.conf ] && [ -r /etc/passwd ] && [ -r /etc/group ] || return 1
    _tables=
    while IFS=" $TAB" read -r _table _sources; do
        case $_table:$_sources in
            passwd::files | group::files) _tables=$_tables. ;;
            passwd:* | group:*) return 1 ;;
        esac
        [ "$_tables" != .. ] || return 0
    done </etc/nsswitch.conf
    return 1
}

# Looks at the path in the first field of every row. Sets $scanned to one line a row, in their order:
#   index, "absent" or "denied"
#   index, type, owner, group, mode, size, SHA-256, path
# The type is file, directory, symlink or other; the mode has four octal digits; an owner without a name is a
# number; the hash is there for files, with "scan_paths hash". A constant number of processes, however many rows.
scan_paths() {
    scanned=
    [ -n "$ROWS" ] || return 0
    case ${1-} in
        hash) _look_at_paths 0 ;;
        *) _look_at_paths ;;
    esac
    scanned=$(_join_answers scan "${1:+0}")
    case $scanned in
        *"$US?$US"*) scanned=$(_name_unread) ;;
    esac
    _forget_paths
}

# Records of emit_paths and emit_files. "content" and "twice" are further ones about a file: the latter has another name, and others may
# write where it is.
# Record: "absent"
# Record: "denied"
# Record: "content", base64
# Record: "twice"
# Record: type, owner, group, mode
# Record: type, owner, group, mode, size, hash

# Splits a line of $scanned into variables.
read_scan() {
    IFS=$US
    set -- $1
    IFS=$NL
    seen_type=${2-} seen_owner=${3-} seen_group=${4-} seen_mode=${5-} seen_size=${6-} seen_hash=${7-} seen_path=${8-}
}

# Writes a record for every row about the path in its first field, as scan_paths tells it: the first four are for it.
emit_paths() {
    [ -n "$ROWS" ] || return 0
    _look_at_paths
    _join_answers records
    _forget_paths
}

# Writes records about files: with size and SHA-256, and where a file's hash is not the one wanted ("" where none is known)
# and it is no larger than what is fetched at most, in bytes, its content. One base64 for each content that differs.
# columns path hash most
# After "emit_files N", the first N rows are as those of emit_paths.
emit_files() {
    [ -n "$ROWS" ] || return 0
    _look_at_paths "${1:-0}"
    # What is as wanted goes straight on; the others come back.
    { _others=$(_join_answers records "${1:-0}" 2>&1 >&5); } 5>&1
    for _record in $_others; do
        case $_record in
            # It has no hash, though it is a file.
            "$R?-"*)
                printf '%s' "$R$US"
                _record=${_record#"$R?-"}
                _vanished "${_record%%"$US"*}" "${_record#*"$US"}"
                ;;
            "$R?="*)
                _record=${_record#"$R?="}
                _tell_twice "${_record%%"$US"*}" "${_record#*"$US"}"
                ;;
            "$R?"*)
                _record=${_record#"$R?"}
                _path=${_record#*"$US"}
                printf '%s%s%s%scontent%s' "$R" "$US" "${_record%%"$US"*}" "$US" "$US"
                base64 -w 0 <"$_path" 2>/dev/null || base64 <"$_path" | tr -d '\n'
                printf '\n'
                ;;
            *) printf '%s\n' "$_record" >&2 ;;
        esac
    done
    _forget_paths
}

# What is done to a file with another name may be done to somebody else's, where another than root and this account may have made that.
_tell_twice() {
    _path=$2 _above=-
    while [ -n "$_path" ]; do
        _path=${_path%/*}
        case $_above$(stat -L -c %u%A -- "${_path:-/}") in
            # Nobody else may write there; above it, a sticky folder will do.
            ?0d????-??-? | ?"$uid"d????-??-? | +0d*[tT] | +"$uid"d*[tT]) _above=+ ;;
            *)
                emit "$1" twice
                return
                ;;
        esac
    done
}

# Asks about the paths of all rows: $_paths, one a line; $_stats, what stat says of those that are there; $_missing, index
# and state of the others; $_files, the files of the rows from this index on.
_look_at_paths() {
    if [ "${#ROWS}" -lt 16384 ]; then
        # As long as there are few, putting them together takes less than a process.
        _paths=
        for _row in $ROWS; do
            _paths=$_paths${_row%%"$US"*}$NL
        done
    else
        _paths=$(printf '%s\n' "$ROWS" | sed "s/$US.*//")
    fi
    # Numbers: stat would look up a name for every single path.
    _stats=$(_with_paths "$_paths" stat -c "%f$US%u$US%g$US%a$US%s$US%h$US%n")
    _missing=
    set -- "${1-}" $_stats
    _there=$#
    set -- "$1" $_paths
    if [ "$#" -ne "$_there" ]; then
        _missing=$(_find_missing)
    fi
    _files=
    [ -n "$1" ] || return 0
    _from=$1
    if [ -z "$_missing" ]; then
        set -- $_stats
        shift "$_from"
        case $NL"$*" in
            *"$NL"[!8]*) _files=$(_find_files) ;;
            *)
                set -- $_paths
                shift "$_from"
                _files=$*
                ;;
        esac
    else
        _files=$(_find_files)
    fi
}

# Runs a tool with these paths, one a line, as arguments. What it says of those it cannot read is not needed.
_with_paths() {
    _list=$1
    shift
    # Linux takes 128 KiB and more in all; xargs knows how much.
    if [ "${#_list}" -lt 65536 ]; then
        exec "$@" -- $_list 2>/dev/null
    fi
    printf '%s\n' "$_list" | tr '\n' '\0' | xargs -0 -r ${_at_once:+"$_at_once"} "$@" -- 2>/dev/null
}

# Hashes these paths. Very many are hashed on several processors, in no order: GNU's sha256sum writes each line by itself,
# so that those of several do not mix.
_hash_paths() {
    _at_once=
    [ "${#1}" -lt 65536 ] || case $(sha256sum --version 2>/dev/null && xargs --version 2>/dev/null) in
        *"GNU coreutils"*"GNU findutils"*) _at_once=-P4 ;;
    esac
    _with_paths "$1" sha256sum
}

# Writes index and state of the paths that stat does not tell about. Both lists are in the same order.
_find_missing() {
    set -- $_stats
    _index=0
    for _path in $_paths; do
        case ${1-} in
            *"$US$_path") shift ;;
            *) _vanished "$_index" "$_path" ;;
        esac
        _index=$((_index + 1))
    done
}

# Writes the paths, from the row $_from on, that are files. Both lists are in the same order.
_find_files() {
    set -- $_stats
    _index=0
    for _path in $_paths; do
        case ${1-} in
            8*"$US$_path")
                [ "$_index" -lt "$_from" ] || printf '%s\n' "$_path"
                shift
                ;;
            *"$US$_path") shift ;;
        esac
        _index=$((_index + 1))
    done
}

# Awk functions that turn the number of an account or a group into its name, or into itself where it has none. The files
# are read only where the name service looks there first; what they do not tell, it is asked, once for each number.
awk_names='
    function user_name(id) { return _name("passwd", id) }
    function group_name(id) { return _name("group", id) }
    function _name(table, id, line, part, first, command) {
        if (!(table in _asked)) {
            _asked[table] = 1
            first = "files"
            while ((getline line <"/etc/nsswitch.conf") > 0) {
                if (sub("^[ \t]*" table ":[ \t]*", "", line)) {
                    split(line, part, " ")
                    first = part[1]
                }
            }
            close("/etc/nsswitch.conf")
            while ((first == "files" || first == "compat") && (getline line <("/etc/" table)) > 0) {
                split(line, part, ":")
                if (line !~ /^[+-]/ && !((table, part[3]) in _named)) _named[table, part[3]] = part[1]
            }
            close("/etc/" table)
        }
        if (!((table, id) in _named)) {
            _named[table, id] = id
            command = "getent " table " " id " 2>/dev/null"
            if ((command | getline line) > 0 && split(line, part, ":") > 2) _named[table, id] = part[1]
            close(command)
        }
        return _named[table, id]
    }
'

# Puts together what the tools say, for "scan" or as "records"; files are hashed from the row on that is given, if any. A
# file without a hash has a question mark; as a record it goes to standard error, like a file whose content is wanted.
_join_answers() {
    {
        printf '%s\n' "$ROWS" "$R" "$_missing" "$R"
        [ -z "$_files" ] || (_hash_paths "$_files")
        printf '%s\n' "$R" "$_stats" "$R"
    } | awk -F "$US" -v US="$US" -v r="$R" \
        -v form="$1" -v from="${2-}" "$awk_names"'
        $0 == r {
            part++
            next
        }
        part == 0 {
            path[rows] = $1
            wanted[rows] = $2
            most[rows++] = $3
            next
        }
        $0 == "" { next }
        part == 1 { state[$1] = $2; next }
        part == 2 {
            # Where the path has a backslash, GNU sha256sum writes two and starts the line with one.
            name = $0
            escaped = sub(/^\\/, "", name)
            sum = substr(name, 1, 64)
            name = substr(name, 67)
            if (escaped) gsub(/\\\\/, "\\", name)
            sum_of[name] = sum
            next
        }
        part == 3 {
            while (at in state) {
                tell(at, state[at])
                at++
            }
            # Most are like the one before.
            alike = $1 US $2 US $3 US $4
            if (alike != last) {
                last = alike
                type = $1 ~ /^8/ ? "file" : $1 ~ /^4/ ? "directory" : $1 ~ /^a/ ? "symlink" : "other"
                entry = type US user_name($2) US group_name($3) US substr("000" $4, length($4))
            }
            sum = ""
            hashed = from != "" && at >= from + 0
            if (hashed && type == "file") {
                if (!(path[at] in sum_of)) {
                    if (form == "scan") print at US "?" US path[at]
                    else print r "?-" at US path[at] >"/dev/stderr"
                    at++
                    next
                }
                sum = sum_of[path[at]]
            }
            if (form == "scan") tell(at, entry US $5 US sum US path[at])
            else if (!hashed) tell(at, entry)
            else {
                tell(at, entry US $5 US sum)
                if (type == "file" && $6 > 1) print r "?=" at US path[at] >"/dev/stderr"
                if (type == "file" && sum != wanted[at] && $5 + 0 <= most[at] + 0) print r "?" at US path[at] >"/dev/stderr"
            }
            at++
        }
        BEGIN { rows = at = 0 }
        END { for (; at < rows; at++) tell(at, state[at]) }
        function tell(index_, text) {
            print form == "scan" ? index_ US text : r US index_ US text
        }'
}

# Says of the files without a hash what has become of them.
_name_unread() {
    for _line in $scanned; do
        case $_line in
            *"$US?$US"*) _vanished "${_line%%"$US"*}" "${_line#*"$US?$US"}" ;;
            *) printf '%s\n' "$_line" ;;
        esac
    done
}

_forget_paths() {
    unset _paths _stats _missing _files _others _from
}

# A path that was seen a moment ago, but told nothing, is gone or may not be read.
_vanished() {
    if path_state "$2"; then
        path_state=denied
    fi
    printf '%s\n' "$1$US$path_state"
}
