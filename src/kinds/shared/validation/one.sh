# accepts INDEX NEW PATH COMMAND BASE: whether the judge takes a file that this program has made beside its place; where not, the row
# with this index has failed. Judges find it where files are unpacked, below the base.
accepts() (
    of=$1 path=$3 base=${5:-"${3%/*}"}
    stage=$base/.infra-new
    staged=$stage${path#"$base"}
    trap 'rm -rf -- "$stage"' EXIT
    trap 'exit 143' HUP INT PIPE TERM
    refused=
    refuse() {
        refused=$refused:$1:
        item_failed "$of" "$2"
    }
    if ! message=$(umask 077; rm -rf -- "$stage" && mkdir -p -- "${staged%/*}" && cp -p -- "$2" "$staged" 2>&1); then
        refuse 0 "cannot write beside it: $message"
        return 1
    fi
    columns path owner group mode staged size
    # What judges read of a row is its path, that it has a mode, and where it is unpacked.
    ROWS=$path$US$US${US}0644$US$staged$US$US$4$US
    judge_new
    [ -z "$refused" ]
)
