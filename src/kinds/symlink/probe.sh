# Row: path. Record: "absent", "denied", or type (symlink, file, directory, other), owner, group, target; for a directory
# "empty" or "full" instead of the target.
# One stat for all links.
[ -n "$ROWS" ] || return 0
there=$(
    for row in $ROWS; do
        path=${row%%"$US"*}
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
i=0
for path in $there; do
    case $path in
        "$US"*) emit "$i" "${path#"$US"}" ;;
        *)
            case ${1-} in
                "$path$US"*)
                    split_row "${1#"$path"}"
                    shift
                    [ "$f3" != UNKNOWN ] || f3=$f5
                    [ "$f4" != UNKNOWN ] || f4=$f6
                    case $f2 in
                        a???)
                            case $f7 in
                                "$path -> "*) target=${f7#"$path -> "} ;;
                                *)
                                    target=${f7#"'$path' -> '"}
                                    target=${target%"'"}
                                    ;;
                            esac
                            emit "$i" symlink "$f3" "$f4" "$target"
                            ;;
                        4???)
                            set +f
                            full=empty
                            for found in "$path"/* "$path"/.[!.]* "$path"/..?*; do
                                [ ! -e "$found" ] && [ ! -L "$found" ] || full=full
                            done
                            set -f
                            emit "$i" directory "$f3" "$f4" "$full"
                            ;;
                        8???) emit "$i" file "$f3" "$f4" ;;
                        *) emit "$i" other "$f3" "$f4" ;;
                    esac
                    ;;
                # It has gone since.
                *) emit "$i" absent ;;
            esac
            ;;
    esac
    i=$((i + 1))
done
