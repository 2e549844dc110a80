# accepts INDEX NEW PATH COMMAND BASE: whether the judge takes a file that this program has made beside its place; where not, the row
# with this index has failed. Judges find it where files are unpacked, in the stage of the base. place.sh goes before.
accepts() (
    of=$1 path=$3 base=${5:-"${3%/*}"}
    refused='' near='' before=$place_stages
    refuse() {
        refused=$refused:$1:
        item_failed "$of" "$2"
    }
    trap 'place_stages=${place_stages#"$before"}; drop_known' EXIT
    trap 'exit 143' HUP INT PIPE TERM
    if ! stage_for "$base"; then
        refuse 0 "$why"
        return 1
    fi
    numbers=0 stage_0=$stage base_0=$base
    staged=$stage/0${path#"$base"}
    [ ! -e "$stage/0" ] || rm -rf -- "$stage/0"
    if ! message=$(umask 077; mkdir -p -- "${staged%/*}" && cp -p -- "$2" "$staged" 2>&1); then
        refuse 0 "cannot write beside it: $message"
        return 1
    fi
    columns path owner group mode staged size
    # What judges read of a row is its path, that it has a mode, and where it is unpacked.
    ROWS=$path$US$US${US}0644$US$staged$US$US$4$US
    judge_new
    [ -z "$refused" ]
)
