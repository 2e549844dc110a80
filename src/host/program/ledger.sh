# Writes the ledger of a spec whole, and a line of the host's history. Row: its name, the serial that stands in it now (0 where there
# is none), and the sizes of the two parts of the input: the new ledger, and that line. An identity of "=" is the one that the entry has, or
# that the journal says.
columns name serial size line_size
read_row "$ROWS"

write_ledger() {
    umask 077
    folder=$state_folder/ledger new=$state_folder/ledger/.infra-$run
    [ -d "$folder" ] || mkdir -p "$folder" || return
    printf '%s\n' "$new" "$new-2" "$state_folder/.infra-$run-history" >>"$state_folder/stages/$run"
    take "$size" >"$new" && take "$line_size" >"$state_folder/.infra-$run-history" || return
    had=0 before=/dev/null
    if [ -f "$folder/$name" ]; then
        before=$folder/$name
        IFS=$US read -r _ _ had _ <"$before"
    fi
    if [ "$had" != "$serial" ]; then
        echo "another run has written the ledger since this one read it (serial $had, not $serial)"
        return 1
    fi
    journal=$state_folder/journal/$name
    [ -f "$journal" ] || journal=/dev/null
    awk '
        # The journal has what this run has made.
        what == "old" { if (NF == 8) identity[$1] = $8; next }
        what == "journal" { if ($1 == "will" && NF == 5) identity[$4] = $5; next }
        NF == 8 && $8 == "=" { $8 = identity[$1] }
        { print }' FS="$US" OFS="$US" what=old "$before" what=journal "$journal" what=new "$new" >"$new-2" || return
    sync "$new-2" 2>/dev/null || sync
    mv -f "$new-2" "$folder/$name" || return
    sync "$folder" 2>/dev/null || sync
    rm -f "$new" "$state_folder/journal/$name"
    [ "$line_size" != 0 ] || return 0
    keep_history
}

# The last runs are kept.
keep_history() {
    line=$state_folder/.infra-$run-history
    if [ -f "$state_folder/history" ]; then
        { tail -n 499 "$state_folder/history" && cat "$line"; } >"$new" && mv -f "$new" "$state_folder/history" && rm -f "$line"
    else
        mv -f "$line" "$state_folder/history"
    fi
}

message=$(write_ledger 2>&1) || item_failed 0 "${message:-not all of it could be written to $state_folder: is there room?}"
