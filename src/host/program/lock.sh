# Takes the host's lock for a run that changes it, and clears away what killed runs have left. The kernel holds the lock for
# this shell, on descriptor 9, and frees it when the shell ends, however it ends; so no child may keep the descriptor. Set
# before: $run, and $who and $of, which tell others of this run.
lock=$state_folder/lock

# Says why there is no lock, and ends.
refuse_folder() {
    tell unusable "$state_folder" "$1"
    exit 1
}

# Writes down how far this run is: a number of changes, of how many, and "running" or "ended". Over what is there, so that
# who reads meanwhile finds one whole line.
hold() {
    printf '%s\n' "1$US$run$US$who$US$since$US$1$US$2$US$3" 2>/dev/null 1<>"$lock"
}

# Removes what a run has noted as temporary, and its list. Only what is called after the run is ever removed.
sweep() {
    _list=$state_folder/stages/$1
    _run=$1
    set --
    while IFS= read -r _path; do
        case $_path in
            /*) ;;
            *) continue ;;
        esac
        case ${_path##*/} in
            ".infra-$_run" | ".infra-$_run-"*) set -- "$@" "$_path" ;;
        esac
    done <"$_list"
    rm -rf -- "$@" "$_list" </dev/null >/dev/null 2>&1 9>&-
}

# Removes what other runs have left: whoever had the lock has ended.
sweep_others() {
    set +f
    for _file in "$state_folder"/stages/*; do
        _name=${_file##*/}
        case $_name in
            "$run" | *[!0-9a-f]*) ;;
            ????????????????) [ ! -f "$_file" ] || [ -L "$_file" ] || sweep "$_name" ;;
        esac
    done
    set -f
}

take_lock() {
    umask 077
    if ! [ -e "$state_folder" ]; then
        _said=$(mkdir -p "$state_folder" 2>&1) || refuse_folder "cannot be made: $_said"
    fi
    _said=$(stat -L -c '%u %a' "$state_folder" 2>&1) || refuse_folder "cannot be looked at: $_said"
    [ "${_said%% *}" = "$uid" ] || refuse_folder "belongs to the account ${_said%% *}, not to $uid"
    case 00${_said#* } in
        *[2367] | *[2367]?) refuse_folder "may be written to by others (mode ${_said#* })" ;;
    esac
    for _file in "$lock" "$state_folder/stages" "$state_folder/owed"; do
        if [ -L "$_file" ] || { [ -e "$_file" ] && ! [ -O "$_file" ]; }; then
            refuse_folder "has a ${_file##*/} that is a link or belongs to another account"
        fi
    done
    if ! [ -d "$state_folder/stages" ]; then
        _said=$(mkdir "$state_folder/stages" 2>&1) || refuse_folder "cannot be written to: $_said"
    fi
    _said=$( (: 9<>"$lock") 2>&1) || refuse_folder "has a lock that cannot be opened: $_said"
    exec 9<>"$lock"
    while :; do
        _said=$(flock -n 9 2>&1) && break
        [ -z "$_said" ] || refuse_folder "has a lock that cannot be taken: $_said"
        tell_time
        _holder=
        IFS= read -r _holder <"$lock"
        tell locked "$now" "$_holder"
        # The other end asks again, or is gone.
        IFS= read -r _word <&3 || exit 0
    done
    last=
    IFS= read -r last <"$lock"
    tell_time
    since=$now
    hold 0 "$of" running
    if ! (: >>"$state_folder/stages/$run") 2>/dev/null; then
        refuse_folder "cannot be written to: no list of what is temporary can be made there"
    fi
    sweep_others
}

take_lock
