# The python is the interpreter wanted, the file one of requirements on the host, the text the other requirements. A folder is none with an
# environment. The interpreter is ok, broken, other, or no-python where the one wanted is missing; the request same, differs, none or
# no-file; the packages are same or differ. Where they are not the same, more records: what was asked, in the spec and in the file, and
# the file as it is now; recorded and installed packages.
# Record: "absent"
# Record: "denied"
# Record: "folder"
# Record: "present", interpreter, request, packages, owner, version
# Record: "asked", asked
# Record: "asked-file", asked_file
# Record: "file", file_text
# Record: "recorded", recorded
# Record: "installed", installed
# Record: state
# Two processes for all; one more each for an environment whose interpreter is a script, or not where pyvenv.cfg says.
columns path python file wanted_text

# interpreter PATH WANTED: sets $interpreter and $version.
interpreter() {
    version='' home='' own=$1/bin/python3 interpreter=broken
    if [ -r "$1/pyvenv.cfg" ]; then
        while IFS=' =' read -r name value; do
            case $name in
                home) home=$value ;;
                version | version_info) version=$value ;;
            esac
        done <"$1/pyvenv.cfg"
    fi
    [ -n "$version" ] && [ -x "$own" ] || return
    # The packages belong to one minor version: 3.11.
    minor=${version#*.}
    minor=${version%%.*}.${minor%%.*}
    if [ -x "$home/python$minor" ]; then
        # shellcheck disable=SC3013 # dash, bash and busybox all have -ef.
        [ "$own" -ef "$home/python$minor" ] || return
    else
        case $("$own" --version 2>&1 </dev/null) in
            "Python $minor" | "Python $minor".*) ;;
            *) return ;;
        esac
    fi
    interpreter=no-python
    wanted=$(command -v "$2") || return
    interpreter=ok
    # shellcheck disable=SC3013 # As above.
    [ ! "$own" -ef "$wanted" ] || return
    wanted=$("$wanted" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null </dev/null)
    # shellcheck disable=SC3013 # As above.
    [ -n "$wanted" ] && [ "$own" -ef "$wanted" ] || interpreter=other
}

scan_paths
set -- $scanned
i=0
for row in $ROWS; do
    read_scan "$1"
    shift
    state=$seen_type owner=$seen_owner
    read_row "$row"
    decode "$wanted_text" && wanted_text=$decoded
    if [ "$state" = directory ] && ! [ -e "$path/pyvenv.cfg" ] && ! [ -e "$path/.infra-requirements" ]; then
        state=folder
        # One that is empty may become one.
        set +f
        empty=1
        for found in "$path"/* "$path"/.[!.]*; do
            [ ! -e "$found" ] && [ ! -L "$found" ] || empty=
        done
        set -f
        [ -z "$empty" ] || state=absent
        [ -x "$path" ] && [ -r "$path" ] || state=denied
    fi
    if [ "$state" != directory ]; then
        emit "$i" "$state"
        i=$((i + 1))
        continue
    fi
    interpreter "$path" "$python"
    installed "$path"
    packages=same request=same file_text=
    if [ -n "$file" ]; then
        if read_file "$file"; then
            file_text=$text
        else
            request=no-file
        fi
    fi
    if ! read_record "$path"; then
        [ "$request" = no-file ] || request=none
    elif [ "$request" = same ]; then
        [ "$asked" = "$wanted_text" ] && [ "$asked_file" = "$file_text" ] || request=differs
    fi
    [ "$recorded" = "$installed" ] || packages=differs
    emit "$i" present "$interpreter" "$request" "$packages" "$owner" "$version"
    if [ "$request" != same ]; then
        emit "$i" asked "$asked"
        emit "$i" asked-file "$asked_file"
        emit "$i" file "$file_text"
    fi
    if [ "$packages" != same ] && [ "$request" != none ]; then
        emit "$i" recorded "$recorded"
        emit "$i" installed "$installed"
    fi
    i=$((i + 1))
done
