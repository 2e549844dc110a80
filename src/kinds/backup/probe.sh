# Program, service and timer are SHA-256 wanted, "" where none is known. Of one that is there program, service and timer are same,
# differs or absent; enabled and active are those of the timer; stale is "stale" where systemd has not read the units as they are. For
# each file that differs follows another record: which it is, as it is, and its content in base64.
# Record: "absent"
# Record: "denied"
# Record: "present", program, service, timer, enabled, active, stale
# Record: which, type, owner, group, mode, content
# A constant number of processes, and one base64 for each file that differs.
columns name program service timer
backup_rows=$ROWS
ROWS=$(
    for row in $backup_rows; do
        read_row "$row"
        printf '%s\n' "/usr/local/sbin/infra-backup-$name$US$program$US" "/etc/systemd/system/infra-backup-$name.service$US$service$US" \
            "/etc/systemd/system/infra-backup-$name.timer$US$timer$US"
    done
)
scan_paths hash
wanted_hashes=$ROWS
ROWS=$backup_rows
units=
for row in $ROWS; do
    read_row "$row"
    units="${units}infra-backup-$name.timer${NL}infra-backup-$name.service$NL"
done
shown=
if [ -n "$units" ]; then
    shown=$(systemctl show --no-pager --property=Id,UnitFileState,ActiveState,NeedDaemonReload -- $units) || return
fi
{
    printf '%s\n' "$wanted_hashes" '' "$scanned" ''
    printf '%s\n' "$shown"
} | awk -F "$US" -v OFS="$US" -v r="$R" '
    BEGIN { n = 0; seen = 0 }
    part < 2 && $0 == "" { part++; next }
    !part { wanted[n] = $2; path[n++] = $1; next }
    part == 1 {
        k = seen++
        type[k] = $2
        if ($2 == "absent") state[k] = "absent"
        else if ($2 == "denied") state[k] = "denied"
        else {
            mode = k % 3 ? "0644" : "0700"
            state[k] = $2 == "file" && $3 == "root" && $4 == "root" && $5 == mode && $7 == wanted[k] ? "same" : "differs"
            detail[k] = $2 OFS $3 OFS $4 OFS $5
        }
        next
    }
    /^Id=/ { id = substr($0, 4) }
    /^UnitFileState=/ { enabled[id] = substr($0, 15) }
    /^ActiveState=/ { active[id] = substr($0, 13) }
    /^NeedDaemonReload=yes/ { stale[id] = "stale" }
    END {
        for (i = 0; i * 3 < seen; i++) {
            unit = path[i * 3 + 2]; sub(/.*\//, "", unit)
            service = path[i * 3 + 1]; sub(/.*\//, "", service)
            a = state[i * 3]; b = state[i * 3 + 1]; c = state[i * 3 + 2]
            if (a == "denied" || b == "denied" || c == "denied") { print r, i, "denied"; continue }
            there = a != "absent" || b != "absent" || c != "absent"
            if (!there && enabled[unit] == "" && active[unit] != "active") { print r, i, "absent"; continue }
            print r, i, "present", a, b, c, enabled[unit], active[unit], stale[unit] stale[service] == "" ? "" : "stale"
            for (k = i * 3; k < i * 3 + 3; k++) if (state[k] == "differs") print i, k % 3, detail[k], path[k]
        }
    }' | while IFS= read -r line; do
    columns index which type owner group mode path
    case $line in
        "$R"*) printf '%s\n' "$line" ;;
        *)
            read_row "$line"
            content=
            [ "$type" != file ] || content=$(base64 <"$path" | tr -d '\n')
            emit "$index" "$which" "$type" "$owner" "$group" "$mode" "$content"
            ;;
    esac
done
