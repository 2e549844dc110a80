# Row: group, gid, "1" for a system group, the groups that go, between commas. What is empty is left to the host. One getent, and a
# process for each group.
columns name gid system going
names=
for row in $ROWS; do
    read_row "$row"
    names=$names$name$NL
done
# What the plan found absent may have come with a package meanwhile.
there=$NL$(getent group $names)
i=0
for row in $ROWS; do
    read_row "$row"
    index=$i
    i=$((i + 1))
    if [ -n "$gid" ] && ! message=$(make_room group "$gid" "$going" groupmod -g </dev/null 2>&1); then
        item_failed "$index" "$message"
        continue
    fi
    case $there in
        *"$NL$name:"*)
            [ -n "$gid" ] || continue
            message=$(groupmod -g "$gid" -- "$name" </dev/null 2>&1) || item_failed "$index" "$message"
            ;;
        *)
            message=$(groupadd ${gid:+-g} ${gid:+"$gid"} ${system:+-r} -- "$name" </dev/null 2>&1) ||
                item_failed "$index" "$message"
            ;;
    esac
done
