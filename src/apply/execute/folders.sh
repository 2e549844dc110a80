# Makes folders that are missing; what is above one is made, too.
columns path mode
i=0
for row in $ROWS; do
    read_row "$row"
    if ! [ -d "$path" ]; then
        make_way "${path%/*}" && way_to "$path" && enter "$_folder" && why=$(mkdir -m "$mode" -- "./${path##*/}" 2>&1) ||
            item_failed "$i" "$why"
        leave
    fi
    i=$((i + 1))
done
