# Row: group, gid, "1" for a system group. What is empty is left to the host.
i=0
for row in $ROWS; do
    split_row "$row"
    name=$f1 gid=$f2 system=$f3
    index=$i
    i=$((i + 1))
    # What the plan found absent may have come with a package meanwhile.
    if getent group "$name" >/dev/null; then
        [ -n "$gid" ] || continue
        message=$(groupmod -g "$gid" -- "$name" </dev/null 2>&1) || item_failed "$index" "$message"
    else
        message=$(groupadd ${gid:+-g} ${gid:+"$gid"} ${system:+-r} -- "$name" </dev/null 2>&1) || item_failed "$index" "$message"
    fi
done
