# The state is present, unknown or unreadable; the value has one blank between words; what its file holds; "file" where there is
# one, with its owner, group and mode.
# Record: state, value, held, file, owner, group, mode
# One grep and one stat, however many rows: a file of /proc/sys is there for one read only, and the shell reads byte by
# byte.
columns parameter path
parameters='' files=''
for row in $ROWS; do
    read_row "$row"
    [ ! -f "/proc/sys/$parameter" ] || parameters=$parameters/proc/sys/$parameter$NL
    if [ -e "$path" ] || [ -L "$path" ]; then files=$files$path$NL; fi
done
lines=
[ -z "$parameters" ] || lines=$(grep -sH '' -- $parameters /dev/null)
stats=
[ -z "$files" ] || stats=$(stat -c "%n$US%U$US%G$US%a" -- $files 2>/dev/null)
i=0
for row in $ROWS; do
    read_row "$row"
    value='' state=unknown held='' file='' seen=''
    [ ! -e "/proc/sys/$parameter" ] || state=unreadable
    # Lines come in the order of the rows.
    while :; do
        line=${lines%%"$NL"*}
        case $line in
            "/proc/sys/$parameter:"*) ;;
            *) break ;;
        esac
        state=present
        value=$value${line#"/proc/sys/$parameter:"}$NL
        lines=${lines#"$line"}
        lines=${lines#"$NL"}
    done
    IFS=" $TAB$NL"
    set -- $value
    value=$*
    IFS=$NL
    if [ -e "$path" ] || [ -L "$path" ]; then
        file='file'
        line=${stats%%"$NL"*}
        case $line in
            "$path$US"*)
                seen=${line#"$path$US"}
                stats=${stats#"$line"}
                stats=${stats#"$NL"}
                ;;
        esac
        if [ -r "$path" ]; then
            while IFS= read -r line || [ -n "$line" ]; do
                held=$held$line$NL
            done <"$path"
        fi
    fi
    IFS=$US
    set -- $seen
    IFS=$NL
    owner=${1-} group=${2-} mode=${3-}
    emit "$i" "$state" "$value" "$held" "$file" "$owner" "$group" "$mode"
    i=$((i + 1))
done
