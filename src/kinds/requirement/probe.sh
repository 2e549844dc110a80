# The disk is a folder whose file system is asked for its free space, the command prints the program's version (its --version where there
# is none), asks is 1 where its version is asked for; any may be empty. Memory and space are in KiB, the id and the like are those of
# os-release(5), there is "there" or "missing" for the program. What is not known is empty.
# Record: cpus, memory, id, id_like, version_id, machine, space, there, version
# Three processes, and one for each program whose version is asked for.
columns disk program command asks
cpus=$(nproc 2>/dev/null)
machine=$(uname -m)
memory=
if [ -r /proc/meminfo ]; then
    while IFS=' ' read -r name value rest; do
        [ "$name" != MemTotal: ] || memory=$value
    done </proc/meminfo
fi
id='' id_like='' version_id=''
for file in /etc/os-release /usr/lib/os-release; do
    [ -r "$file" ] || continue
    while IFS='=' read -r name value; do
        value=${value#[\"\']}
        value=${value%[\"\']}
        case $name in
            ID) id=$value ;;
            ID_LIKE) id_like=$value ;;
            VERSION_ID) version_id=$value ;;
        esac
    done <"$file"
    break
done

# A folder that is not there yet will be on the file system of the nearest one that is. One df for all.
folders=
for row in $ROWS; do
    read_row "$row"
    folder=$disk
    [ -n "$folder" ] || continue
    while ! [ -d "${folder:-/}" ]; do
        folder=${folder%/*}
    done
    folders=$folders${folder:-/}$NL
done
spaces=
[ -z "$folders" ] || spaces=$(df -P -k -- $folders)
spaces=${spaces#*"$NL"}

# first_version TEXT: sets $version to the first number with a dot in it, or else the first number.
first_version() {
    version=
    text=$1
    while :; do
        text=${text#"${text%%[0-9]*}"}
        number=${text%%[!0-9.]*}
        [ -n "$number" ] || break
        number=${number%.}
        version=${version:-$number}
        case $number in
            *.*)
                version=$number
                break
                ;;
        esac
        text=${text#"$number"}
        text=${text#.}
    done
}

i=0
for row in $ROWS; do
    read_row "$row"
    folder=$disk there='' version='' space=''
    decode "$command"
    asking=$decoded
    if [ -n "$folder" ]; then
        line=${spaces%%"$NL"*}
        spaces=${spaces#*"$NL"}
        IFS=' '
        set -- $line
        IFS=$NL
        space=${4-}
    fi
    if [ -n "$program" ]; then
        there=missing
        if command -v -- "$program" >/dev/null 2>&1; then
            there=there
            if [ "$asking" ]; then
                first_version "$(as_user "" "$asking" 2>&1)"
            elif [ "$asks" ]; then
                first_version "$("$program" --version </dev/null 2>&1)"
            fi
        fi
    fi
    emit "$i" "$cpus" "$memory" "$id" "$id_like" "$version_id" "$machine" "$space" "$there" "$version"
    i=$((i + 1))
done
