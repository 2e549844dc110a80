# Row: as for all files that are written whole, then the words of the command that reads the file before it is live, each ended
# by US; "" where none does. The first word is "may" where it is passed over on a host that has no such program, else "must".
columns path owner group mode staged size validate

# validate COMMAND NEW PATH: runs it with the new file, and sets $said to why that may not go to its path.
validate() {
    decode "$1"
    IFS=$US
    set -- "$2" "$3" $decoded
    IFS=$NL
    new=$1 path=$2 need=$3
    shift 3
    if [ "$need" = may ] && ! command -v "$1" >/dev/null; then return 0; fi
    words=
    for word do
        filled=
        while :; do
            case $word in
                *%s*)
                    filled=$filled${word%%%s*}$new
                    word=${word#*%s}
                    ;;
                *) break ;;
            esac
        done
        words=$words$filled$word$US
    done
    called=$1
    IFS=$US
    set -- $words
    IFS=$NL
    said=$("$@" 2>&1 </dev/null) && return 0
    status=$?
    # The last words tell most, and a message has room for so many.
    while [ "${#said}" -gt 2000 ]; do
        case $said in *"$NL"*) said=${said#*"$NL"} ;; *) break ;; esac
    done
    with "$new" "$path"
    said="$called refuses it (exit status $status), and it was not put in place${said:+:$NL$said}"
    return 1
}

validate_one() { [ -z "$validate" ] || validate "$validate" "$staged" "$path" || refuse "$1" "$said"; }
