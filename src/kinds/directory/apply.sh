# Row: path, owner, group, mode, in how many of the others it lies; what is empty stays as it is. What is above comes first. place.sh
# and ownership.sh go before.
# A new folder is closed to others until it has its owner and mode, and gets them after what lies in it: who has a folder can exchange
# what is there. A few processes for each owner and mode there is, none for each folder, but where others may write already.
columns path owner group mode level
know_paths

# change_from_within INDEX: makes the folder and gives it what it should have, where others could exchange it meanwhile.
change_from_within() {
    name=${path##*/}
    if make_folder "${path%/*}" && { [ -d "./$name" ] || [ -L "./$name" ] || why=$(mkdir -m 0700 -- "./$name" 2>&1); } &&
        go_down "$name"; then
        give_one "$1" .
    else
        refuse "$1" "$why"
    fi
    cd /
}

new='' open='' deepest=-1 i=-1
for row in $ROWS; do
    read_row "$row"
    i=$((i + 1))
    into=${path%/*}
    place_find "${into:-/}"
    if [ "$place_state" != closed ]; then
        eval "pin_$i=-"
        open=$open$i$US$row$NL
        continue
    fi
    [ "$level" -le "$deepest" ] || deepest=$level
    if [ -d "$path" ] && ! [ -L "$path" ]; then continue; fi
    if path_state "$path"; then
        refuse "$i" "$path is there, but not a folder"
    else
        new=$new$path$NL
    fi
done
if [ -n "$new" ] && ! printf '%s\0' $new | xargs -0 mkdir -p -m 0700 -- 2>/dev/null; then
    i=-1
    for row in $ROWS; do
        read_row "$row"
        i=$((i + 1))
        case $NL$new in *"$NL$path$NL"*) ;; *) continue ;; esac
        # shellcheck disable=SC2174 # its parents are as the host makes them
        message=$(mkdir -p -m 0700 -- "$path" 2>&1) || refuse "$i" "$message"
    done
fi
while [ "$deepest" -ge 0 ]; do
    give chown "$deepest"
    give chmod "$deepest"
    deepest=$((deepest - 1))
done
for line in $open; do
    read_row "${line#*"$US"}"
    change_from_within "${line%%"$US"*}"
done
