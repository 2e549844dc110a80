# What programs share that write files of the system; owned_file/write.sh goes before. Row: as there. What judges the new
# files runs between the two.

# Unpacks all files where nothing reads them, as they will be.
begin_files() {
    bases=
    for row in $ROWS; do
        split_row "$row"
        base=${f5%/.infra-new/*}
        base=${base:-${f1%/*}}
        if [ -d "$base" ]; then continue; fi
        case $NL$bases in *"$NL$base$NL"*) ;; *) bases=$bases$base$NL ;; esac
    done
    [ -z "$bases" ] || mkdir -p -- $bases || exit
    stage_files
    give chown
    give chmod
}

# gather FOLDER: sets $staged to the new files that were not refused, and $others to those of the folder that stay as they
# are: what judges a new file reads it together with both.
gather() {
    staged='' replaced=$NL
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        split_row "$row"
        case $refused in *":$i:"*) continue ;; esac
        [ -n "$f5" ] || continue
        staged=$staged$f5$NL replaced=$replaced$f1$NL
    done
    [ -n "$staged" ] || return 0
    set +f
    others=$(for other in "$1"/*; do
        case $replaced in *"$NL$other$NL"*) continue ;; esac
        [ ! -f "$other" ] || printf '%s\n' "$other"
    done)
    set -f
}

# Puts in place what was not refused.
finish_files() {
    folders=
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        split_row "$row"
        if [ -z "$f5" ] || [ -d "${f1%/*}" ]; then continue; fi
        case $NL$folders in *"$NL${f1%/*}$NL"*) ;; *) folders=$folders${f1%/*}$NL ;; esac
    done
    [ -z "$folders" ] || mkdir -p -- $folders
    place_files
}
