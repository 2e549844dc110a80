# A package that is there only because others need it is "automatic": it goes where they go, unless it is marked as wanted.
# Compared is "matches" or "differs" from the version pattern; the provider is the package that provides it where it is virtual.
# Twice is one that another row names otherwise.
# Record: "absent"
# Record: "twice", twin
# Record: "lacks", form, what
# Record: state, compared, version, provider
package_states || exit
sought=' '
for line in $states; do
    read_state "$line"
    case $state in
        absent)
            emit "$at" absent
            sought="$sought$at "
            ;;
        twice)
            twin=$compared
            emit "$at" twice "$twin"
            ;;
        *)
            [ "$compared" != differs ] || sought="$sought$at "
            case $state.$mark in installed.automatic) state=automatic ;; esac
            emit "$at" "$state" "$compared" "$version" "$provider"
            ;;
    esac
done
# What is to be installed has to come from somewhere.
set --
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    [ -z "$goes" ] || continue
    case $sought in *" $i "*) set -- "$@" "$package${pattern:+=$pattern}" ;; esac
done
unknown=$NL
[ $# = 0 ] || unknown=$NL$(package_unknown "$@")$NL
i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    [ -z "$goes" ] || continue
    case $unknown in
        *"$NL$package$NL"*) form=offer what=$package ;;
        *"$NL$package=$pattern$NL"*) form=version what="$package $pattern" ;;
        *) continue ;;
    esac
    emit "$i" lacks "$form" "$what"
done
