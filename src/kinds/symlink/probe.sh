# What holds a directory is "empty" or "full". One stat for all links.
# Record: "absent"
# Record: "denied"
# Record: "symlink", owner, group, target
# Record: "directory", owner, group, full
# Record: type, owner, group
columns path
[ -n "$ROWS" ] || return 0
there=$(
    for row in $ROWS; do
        read_row "$row"
        if path_state "$path"; then
            printf '%s\n' "$path"
        else
            printf '%s\n' "$US$path_state"
        fi
    done
)
# A link's target is only in the quoted name; GNU stat quotes it as this says, busybox in its own way.
QUOTING_STYLE=literal
export QUOTING_STYLE
stats=$(
    for path in $there; do
        case $path in "$US"*) ;; *) printf '%s\0' "$path" ;; esac
    done | xargs -0 -r stat -c "%n$US%f$US%U$US%G$US%u$US%g$US%N" --
)
set -- $stats
columns mode owner group uid gid quoted
i=0
for path in $there; do
    case $path in
        "$US"*) emit "$i" "${path#"$US"}" ;;
        *)
            case ${1-} in
                "$path$US"*)
                    read_row "${1#"$path$US"}"
                    shift
                    [ "$owner" != UNKNOWN ] || owner=$uid
                    [ "$group" != UNKNOWN ] || group=$gid
                    case $mode in
                        a???)
                            case $quoted in
                                "$path -> "*) target=${quoted#"$path -> "} ;;
                                *)
                                    target=${quoted#"'$path' -> '"}
                                    target=${target%"'"}
                                    ;;
                            esac
                            emit "$i" symlink "$owner" "$group" "$target"
                            ;;
                        4???)
                            set +f
                            full=empty
                            for found in "$path"/* "$path"/.[!.]* "$path"/..?*; do
                                [ ! -e "$found" ] && [ ! -L "$found" ] || full=full
                            done
                            set -f
                            emit "$i" directory "$owner" "$group" "$full"
                            ;;
                        8???) emit "$i" file "$owner" "$group" ;;
                        *) emit "$i" other "$owner" "$group" ;;
                    esac
                    ;;
                # It has gone since.
                *) emit "$i" absent ;;
            esac
            ;;
    esac
    i=$((i + 1))
done
