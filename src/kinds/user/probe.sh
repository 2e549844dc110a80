# A row: user, its groups, "1" where it may be in no others, home, password hash, "yes" or "no" for locked, "1" where the
# last two are to be looked at.
# Of one that is there: "yes" or "no" for in all its groups, the same for its home being there, "same", "differs" or "unread"
# for the password, "yes", "no" or "none" (it has no password that could be unlocked) for locked. One that is absent could not
# be made, where there is no useradd.
# A constant number of processes, however many rows. The hashes are compared here and stay here.
# Record: "absent"
# Record: "no-useradd"
# Record: "present", uid, group, home, shell, in_groups, has_home, password, locked, comment, groups
columns name wanted_groups exclusive wanted_home wanted_password wanted_locked looks_at_password
set --
shadow=
for row in $ROWS; do
    read_row "$row"
    set -- "$@" "$name"
    shadow=$shadow$looks_at_password
done
passwd='' groups='' files=''
if accounts_are_files; then
    files=1
elif command -v getent >/dev/null; then
    passwd=$(getent passwd "$@")
    status=$?
    # 2: some of them are not there.
    case $status in 0 | 2) ;; *) exit "$status" ;; esac
    groups=$(getent group) || exit
else
    passwd=$(cat /etc/passwd) && groups=$(cat /etc/group) || exit
fi
if [ -n "$shadow" ] && command -v getent >/dev/null; then
    shadow=$(getent shadow "$@" 2>/dev/null)
elif [ -n "$shadow" ]; then
    shadow=$(cat /etc/shadow 2>/dev/null)
fi
missing=no-useradd
command -v useradd >/dev/null && missing=absent
users=$(printf '%s\n\n%s\n\n%s\n\n%s\n' "$ROWS" "$passwd" "$groups" "$shadow" | awk -F "$US" $awk_columns -v OFS="$US" -v files="$files" '
    function take_user(line, field) {
        split(line, field, ":")
        if (field[1] in wanted && !(field[1] in entry)) entry[field[1]] = line
    }
    function take_group(line, field, members, count, at) {
        split(line, field, ":")
        if (!(field[3] in name_of)) name_of[field[3]] = field[1]
        count = split(field[4], members, ",")
        for (at = 1; at <= count; at++)
            if (members[at] in wanted) belongs[members[at]] = belongs[members[at]] "," field[1]
    }
    $0 == "" { part++; FS = ":"; next }
    part == 0 { row[rows++] = $0; wanted[$name] = 1; next }
    part == 1 { take_user($0); next }
    part == 2 { take_group($0); next }
    $1 in wanted { password[$1] = "/" $2 }
    END {
        while (files && (getline line <"/etc/passwd") > 0) take_user(line)
        while (files && (getline line <"/etc/group") > 0) take_group(line)
        for (at = 0; at < rows; at++) {
            split(row[at], wish, OFS)
            user = wish[name]
            if (!(user in entry)) { print at, "absent"; continue }
            split(entry[user], field, ":")
            primary = field[4] in name_of ? name_of[field[4]] : field[4]
            sub("," primary ",", ",", belongs[user])
            sub("," primary "$", "", belongs[user])
            in_all = "yes"
            count = split(wish[wanted_groups], groups, ",")
            for (one = 1; one <= count; one++)
                if (groups[one] != primary && index(belongs[user] ",", "," groups[one] ",") == 0) in_all = "no"
            if (wish[exclusive] != "") {
                count = split(substr(belongs[user], 2), groups, ",")
                for (one = 1; one <= count; one++)
                    if (index("," wish[wanted_groups] ",", "," groups[one] ",") == 0) in_all = "no"
            }
            same = locked = ""
            if (wish[looks_at_password] != "") {
                if (!(user in password)) same = locked = "unread"
                else {
                    hash = substr(password[user], 2)
                    locked = hash ~ /^[!*]/ ? "yes" : "no"
                    sub(/^!+/, "", hash)
                    if (locked == "yes" && (hash == "" || hash ~ /^\*/)) {
                        hash = "*"
                        locked = wish[wanted_locked] == "yes" ? "yes" : "none"
                    }
                    same = hash == wish[wanted_password] ? "same" : "differs"
                }
            }
            home = wish[wanted_home] == "" ? field[6] : wish[wanted_home]
            print at, home, field[3], primary, field[6], field[7], in_all, same, locked, field[5], substr(belongs[user], 2)
        }
    }'
)
columns index looked_at uid group home shell in_groups password locked comment groups
for line in $users; do
    read_row "$line"
    if [ "$looked_at" = absent ]; then
        emit "$index" "$missing"
        continue
    fi
    has_home=no
    [ ! -d "$looked_at" ] || has_home=yes
    emit "$index" present "$uid" "$group" "$home" "$shell" "$in_groups" "$has_home" "$password" "$locked" "$comment" "$groups"
done
