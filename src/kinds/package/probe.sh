# A package that is there only because others need it is "automatic": it goes where they go, unless it is marked as wanted.
# Compared is "matches" or "differs" from the version pattern; the provider is the package that provides it where it is virtual.
# Twice is one that another row names otherwise.
# Record: "absent"
# Record: "twice", twin
# Record: state, compared, version, provider
package_states || exit
for line in $states; do
    read_state "$line"
    case $state in
        absent) emit "$at" absent ;;
        twice)
            twin=$compared
            emit "$at" twice "$twin"
            ;;
        *)
            case $state.$mark in installed.automatic) state=automatic ;; esac
            emit "$at" "$state" "$compared" "$version" "$provider"
            ;;
    esac
done
