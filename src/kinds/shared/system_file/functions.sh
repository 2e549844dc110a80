# What programs share that write files of the system; owned_file/write.sh goes before. Row: as there; one without a mode is
# of a file that goes. What judges the new files runs between the two.

# Unpacks all files where nothing reads them, as they will be.
begin_files() {
    bases=
    for row in $ROWS; do
        read_row "$row"
        [ -n "$staged" ] || continue
        base=${path%"/${staged#*/}"}
        if [ -d "$base" ]; then continue; fi
        case $NL$bases in *"$NL$base$NL"*) ;; *) bases=$bases$base$NL ;; esac
    done
    [ -z "$bases" ] || mkdir -p -- $bases || exit
    stage_files
    give chown
    give chmod
}

# each_staged FUNCTION: calls it with the index of each new file that was not refused, whose row is read; ends where it fails. It
# is not called by what it calls.
each_staged() {
    at=-1
    for row in $ROWS; do
        at=$((at + 1))
        case $refused in *":$at:"*) continue ;; esac
        read_row "$row"
        [ -z "$staged" ] || "$1" "$at" || return
    done
}

# find_view FOLDER: sets $view to a folder of this step alone, for what a judge is to read; it is in this folder where there is none
# yet. False, and $why is set, where it cannot be made.
find_view() {
    view=${place_stages%%"$NL"*}
    [ -z "$view" ] || return 0
    stage_for "$1" && view=$stage
}

# gather FOLDER: sets $coming to the new files that were not refused, $leaving to those that go, and $others to those of the
# folder that stay as they are: what judges a new file reads it together with these.
gather() {
    coming='' leaving='' replaced=$NL
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        read_row "$row"
        case $refused in *":$i:"*) continue ;; esac
        if [ -z "$mode" ]; then
            leaving=$leaving$path$NL
        elif [ -n "$staged" ]; then
            coming=$coming$staged$NL
        else
            continue
        fi
        replaced=$replaced$path$NL
    done
    [ -n "$coming$leaving" ] || return 0
    set +f
    others=$(for other in "$1"/*; do
        case $replaced in *"$NL$other$NL"*) continue ;; esac
        [ ! -f "$other" ] || printf '%s\n' "$other"
    done)
    set -f
}

# Puts in place what was not refused, and then takes away what goes: what moved to another file is in one of them all along.
finish_files() {
    folders='' leaving=''
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        if [ -z "$mode" ]; then
            leaving=$leaving$path$NL
        elif [ -n "$staged" ] && ! [ -d "${path%/*}" ]; then
            case $NL$folders in *"$NL${path%/*}$NL"*) ;; *) folders=$folders${path%/*}$NL ;; esac
        fi
    done
    for into in $folders; do
        make_folder "$into"
        cd /
    done
    place_files
    [ -n "$leaving" ] || return 0
    if [ -z "$place_open" ] && rm -f -- $leaving 2>/dev/null; then return 0; fi
    i=-1
    for row in $ROWS; do
        i=$((i + 1))
        case $refused in *":$i:"*) continue ;; esac
        read_row "$row"
        [ -z "$mode" ] || continue
        take_away "$path" || refuse "$i" "$why"
    done
}
