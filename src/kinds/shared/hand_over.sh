# hand_over OWNER FOLDER: hands all in a folder that is not the owner's over; "OWNER:" hands over the group, too. A file with a
# second name may be somebody else's. Each is named from within the folder that find has entered, so that no folder on the way
# can be exchanged for a link meanwhile; a link is handed over itself.
hand_over() {
    [ -z "$1" ] || find "$2" ! -user "${1%:}" \( ! -type f -o -links 1 \) -execdir chown -h -- "$1" {} +
}
