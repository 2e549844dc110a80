# Record: "twice" and what another row calls the same package, "absent", or state, "matches" or "differs" from the version pattern, version, the package that provides it where it
# is virtual.
package_states || exit
for line in $states; do
    split_row "$line"
    emit "$f1" "$f2" "$f3" "$f4" "$f5"
done
