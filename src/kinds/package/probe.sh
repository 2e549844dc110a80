# Record: "absent", "unsupported" and the manager, or state, "matches" or "differs" from the version pattern, version,
# the package that provides it where it is virtual.
package_manager
if [ "$manager" != apt ]; then
    i=0
    for row in $ROWS; do
        emit "$i" unsupported "$manager"
        i=$((i + 1))
    done
    return 0
fi
package_states || exit
for line in $states; do
    split_row "$line"
    emit "$f1" "$f2" "$f3" "$f4" "$f5"
done
