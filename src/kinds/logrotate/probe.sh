# After what looks at the files. Folders are those of the logs that root rotates, a line each. Second records of a row:
# Record: "lacks", form, what
# logrotate passes over a log where others than root may write to its folder, unless a `su` says as whom to rotate it.
# One grep and one stat where there are such folders.
columns path hash most folders
find_reader logrotate

# may_write MODE GID: whether others than root may.
may_write() {
    for_group=${1%?} for_others=${1#"${1%?}"}
    for_group=${for_group#"${for_group%?}"}
    case $for_others in [2367]) return 0 ;; esac
    case $for_group:$2 in
        [2367]:0) return 1 ;;
        [2367]:*) return 0 ;;
    esac
    return 1
}

asked=
for row in $ROWS; do
    read_row "$row"
    decode "$folders" && asked=$asked$decoded$NL
done
states=
if [ -n "$asked" ] && ! grep -qs '^[[:space:]]*su[[:space:]]' /etc/logrotate.conf; then
    states=$(stat -L -c '%a %g %n' -- $asked 2>/dev/null)
fi
i=0
for row in $ROWS; do
    read_row "$row"
    decode "$folders" && folders=$decoded
    for line in $states; do
        mode=${line%% *} line=${line#* }
        gid=${line%% *} folder=${line#* }
        case $NL$folders$NL in *"$NL$folder$NL"*) ;; *) continue ;; esac
        if may_write "$mode" "$gid"; then
            form=only-roots what=$folder
            emit "$i" lacks "$form" "$what"
            break
        fi
    done
    i=$((i + 1))
done
