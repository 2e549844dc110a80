# The path is "" for .ssh/authorized_keys in the user's home; of a key there, owners and modes are told too. The blob is in base64.
# A constant number of processes, however many rows; the files are read by the shell.
# Record: "absent"
# Record: "no-user"
# Record: "present", options, folder_owner, folder_mode, owner, mode
# Record: "present", options
# Record: why
columns user own_path type blob
keys=$ROWS
if command -v getent >/dev/null; then
    users=$(getent passwd $(for row in $keys; do read_row "$row"; printf '%s\n' "$user"; done))
    status=$?
    # 2: some of them are not there.
    case $status in 0 | 2) ;; *) exit "$status" ;; esac
else
    users=$(cat /etc/passwd) || exit
fi

# home_of USER: sets $home; fails where there is no such user.
home_of() {
    for entry in $users; do
        case $entry in
            "$1":*)
                home=${entry%:*}
                home=${home##*:}
                return 0
                ;;
        esac
    done
    return 1
}

# Two paths for each key: the folder, or / where it is none of ours, and the file.
ROWS=$(
    for row in $keys; do
        read_row "$row"
        if [ -n "$own_path" ]; then
            printf '/\n%s\n' "$own_path"
        elif home_of "$user"; then
            printf '%s/.ssh\n%s/.ssh/authorized_keys\n' "${home%/}" "${home%/}"
        else
            printf '/\n/\n'
        fi
    done
)
scan_paths
ROWS=$keys
set -- $scanned
i=0
for row in $keys; do
    index=$i
    i=$((i + 1))
    read_scan "$1"
    folder=$seen_type folder_owner=$seen_owner folder_mode=$seen_mode folder_path=$seen_path
    read_scan "$2"
    file=$seen_type owner=$seen_owner mode=$seen_mode path=$seen_path
    shift 2
    read_row "$row"
    if [ -z "$own_path" ] && ! home_of "$user"; then
        emit "$index" no-user
        continue
    fi
    case $folder in
        absent)
            emit "$index" absent
            continue
            ;;
        directory) ;;
        denied)
            emit "$index" "the home of $user may not be searched by this account"
            continue
            ;;
        *)
            emit "$index" "$folder_path is a $folder, not a folder; put a folder in its place"
            continue
            ;;
    esac
    case $file in
        absent)
            emit "$index" absent
            continue
            ;;
        file) ;;
        denied)
            emit "$index" "a folder above its file may not be searched by this account"
            continue
            ;;
        *)
            emit "$index" "$path is a $file, not a file; put a file in its place"
            continue
            ;;
    esac
    if ! [ -r "$path" ]; then
        emit "$index" "$path may not be read by this account"
        continue
    fi
    found=
    while IFS= read -r line || [ -n "$line" ]; do
        if has_key "$line"; then
            found=1
            break
        fi
    done <"$path"
    if [ -z "$found" ]; then
        emit "$index" absent
    elif [ -n "$own_path" ]; then
        emit "$index" present "$options"
    else
        emit "$index" present "$options" "$folder_owner" "$folder_mode" "$owner" "$mode"
    fi
done
