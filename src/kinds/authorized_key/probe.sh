# Row: user, file ("" for .ssh/authorized_keys in its home), type of the key, key in base64.
# Record: "absent", "no-user", "present", options, or why it cannot be told. After the options of a key in its user's
# home: owner and mode of the folder, owner and mode of the file.
# A constant number of processes, however many rows; the files are read by the shell.
keys=$ROWS
if command -v getent >/dev/null; then
    users=$(getent passwd $(for row in $keys; do printf '%s\n' "${row%%"$US"*}"; done))
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
        split_row "$row"
        if [ -n "$f2" ]; then
            printf '/\n%s\n' "$f2"
        elif home_of "$f1"; then
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
    split_row "$1"
    folder=$f2 folder_owner=$f3 folder_mode=$f5 folder_path=$f8
    split_row "$2"
    file=$f2 owner=$f3 mode=$f5 path=$f8
    shift 2
    split_row "$row"
    user=$f1 own_path=$f2 type=$f3 blob=$f4
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
