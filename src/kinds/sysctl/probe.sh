# Row: the parameter below /proc/sys, its file.
# Record: present with its value (words with one blank between) and what its file holds, unknown or unreadable with what
# its file holds; "file" where there is one, its owner, group and mode.
# One grep and one stat, however many rows: a file of /proc/sys is there for one read only, and the shell reads byte by
# byte.
parameters='' files=''
for row in $ROWS; do
    parameter=/proc/sys/${row%%"$US"*}
    [ ! -f "$parameter" ] || parameters=$parameters$parameter$NL
    file=${row#*"$US"}
    file=${file%%"$US"*}
    if [ -e "$file" ] || [ -L "$file" ]; then files=$files$file$NL; fi
done
lines=
[ -z "$parameters" ] || lines=$(grep -sH '' -- $parameters /dev/null)
stats=
[ -z "$files" ] || stats=$(stat -c "%n$US%U$US%G$US%a" -- $files 2>/dev/null)
i=0
for row in $ROWS; do
    split_row "$row"
    live='' state=unknown held='' file='' owner=''
    [ ! -e "/proc/sys/$f1" ] || state=unreadable
    # Lines come in the order of the rows.
    while :; do
        line=${lines%%"$NL"*}
        case $line in
            "/proc/sys/$f1:"*) ;;
            *) break ;;
        esac
        state=present
        live=$live${line#"/proc/sys/$f1:"}$NL
        lines=${lines#"$line"}
        lines=${lines#"$NL"}
    done
    IFS=" $TAB$NL"
    set -- $live
    live=$*
    IFS=$NL
    if [ -e "$f2" ] || [ -L "$f2" ]; then
        file='file'
        line=${stats%%"$NL"*}
        case $line in
            "$f2$US"*)
                owner=${line#"$f2$US"}
                stats=${stats#"$line"}
                stats=${stats#"$NL"}
                ;;
        esac
        if [ -r "$f2" ]; then
            while IFS= read -r line || [ -n "$line" ]; do
                held=$held$line$NL
            done <"$f2"
        fi
    fi
    IFS=$US
    set -- $owner
    IFS=$NL
    emit "$i" "$state" "$live" "$held" "$file" "$@"
    i=$((i + 1))
done
