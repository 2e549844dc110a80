# A folder is one with files, but no checkout. The verdict is same or differs; head is the commit, the branch "" where there is none,
# there the URL, wanted the commit wanted ("" where it is not here yet), own are commits that are only here, modules are submodules
# at another commit, files those that were changed, a line each.
# Record: "absent"
# Record: "denied"
# Record: "folder"
# Record: "no-git"
# Record: "no-user"
# Record: "no-key"
# Record: "no-remote"
# Record: "failed", why
# Record: "present", verdict, owner, head, branch, there, wanted, wanted_branch, own, modules, files
# Record: state
# A set of git processes for each checkout, and one that asks the remote for each that follows a branch. The remotes are
# asked side by side.

# shellcheck disable=SC2016
look='
cd "$path" && local_git rev-parse --git-dir >/dev/null || exit
printf "%s\n" "head=$(local_git rev-parse --quiet --verify HEAD)"
printf "%s\n" "branch=$(local_git symbolic-ref --quiet --short HEAD)"
printf "%s\n" "url=$(local_git config --get remote.origin.url)"
case $kind in
    tag) printf "%s\n" "wanted=$(local_git rev-parse --quiet --verify "refs/tags/$ref^{commit}")" ;;
    commit) printf "%s\n" "wanted=$ref" ;;
esac
if local_git rev-parse --quiet --verify HEAD >/dev/null; then
    own=$(own_commits) && files=$(changed_files) || exit
    printf "%s\n" "own=$own" "$files"
    if [ -n "$submodules" ]; then
        states=$(local_git submodule status --recursive) || exit
        count=0
        while IFS= read -r line; do
            case $line in [-+U]*) count=$((count + 1)) ;; esac
        done <<END
$states
END
        printf "%s\n" "modules=$count"
    fi
fi
'
# shellcheck disable=SC2016
ask='
cd / || exit
case $kind in
    branch) set -- "$url" "refs/heads/$ref" ;;
    *) set -- --symref "$url" HEAD ;;
esac
[ -z "$is_local" ] || set -- --upload-pack="$upload_pack" "$@"
limit=20
remote_git ls-remote "$@"
'

# remote: prints what the remote has, as one line: ref, US, commit; or "failed", US, and why.
remote() {
    variables url kind ref key username token is_local helper
    answer=$(as_user "$user" "$data$git_text$ask" 2>&1)
    status=$?
    commit='' name=$ref
    for line in $answer; do
        case $line in
            "ref: refs/heads/"*"${TAB}HEAD") line=${line#ref: refs/heads/} && name=${line%"$TAB"*} ;;
            *"${TAB}HEAD" | *"${TAB}refs/heads/$ref") commit=${line%%"$TAB"*} ;;
        esac
    done
    if [ "$status" = 0 ] && [ -n "$commit" ]; then
        printf '%s\n' "$i$US$name$US$commit"
        return
    fi
    advise "$answer"
    set -- $answer
    [ "$#" -lt 4 ] || shift $(($# - 3))
    case $status in
        0) [ "$kind" = branch ] && why="$url has no branch $ref" || why="$url has no branch yet" ;;
        124) why="$url did not answer within 20 s" ;;
        *) why="$url cannot be asked: $*" ;;
    esac
    encode "$why${advice:+; $advice}"
    printf '%s\n' "$i${US}failed$US$encoded"
}

scan_paths
states=$scanned
i=0
set -- $states
remotes=$(
    for row in $ROWS; do
        read_scan "$1"
        shift
        owner=$seen_owner
        read_checkout "$row"
        # Without a user of its own it is asked for by the one whose checkout it is.
        [ -n "$user" ] || [ "$owner" = "$self" ] || user=$owner
        case $kind in
            branch | default)
                # What is not there yet is made, whatever the remote has by then.
                if [ -e "$path/.git" ] && { [ -z "$user" ] || id -u -- "$user" >/dev/null 2>&1; } &&
                    command -v git >/dev/null && { [ -z "$is_local" ] || [ -e "${url#file://}" ]; }; then
                    remote &
                fi
                ;;
        esac
        i=$((i + 1))
    done
    wait
)

look_at() {
    state=$1 owner=$2
    if [ "$state" != directory ]; then
        emit "$i" "$state"
        return
    fi
    set +f
    state=absent
    for found in "$path"/* "$path"/.[!.]*; do
        [ ! -e "$found" ] && [ ! -L "$found" ] || [ "$found" = "$path/.git" ] || state=folder
    done
    set -f
    # A repository that lacks one of what git wants of it, and nothing else there, was broken off while it was made: it is none.
    if [ -e "$path/.git" ]; then
        { [ "$state" = absent ] && [ -d "$path/.git" ] && [ -x "$path/.git" ]; } &&
            ! { [ -s "$path/.git/HEAD" ] && [ -d "$path/.git/objects" ] && [ -d "$path/.git/refs" ]; } || state=present
    fi
    if [ "$state" != present ]; then
        [ -x "$path" ] && [ -r "$path" ] || state=denied
        emit "$i" "$state"
        return
    fi
    if ! command -v git >/dev/null; then
        emit "$i" no-git
        return
    fi
    if [ -n "$user" ] && ! id -u -- "$user" >/dev/null 2>&1; then
        emit "$i" no-user
        return
    fi
    if [ -n "$key" ] && ! path_state "$key"; then
        emit "$i" no-key
        return
    fi
    if [ -n "$is_local" ] && ! path_state "${url#file://}"; then
        emit "$i" no-remote
        return
    fi
    # Its own user looks at it: nobody else has to trust what it configures.
    variables path kind ref submodules
    as=$owner
    [ "$as" != "$self" ] || as=
    if ! text=$(as_user "$as" "$data$git_text$look" 2>&1); then
        why=$text
        emit "$i" failed "$why"
        return
    fi
    head='' branch='' there='' wanted='' own=0 modules=0 rest=
    for line in $text; do
        case $line in
            head=*) head=${line#*=} ;;
            branch=*) branch=${line#*=} ;;
            url=*) there=${line#*=} ;;
            wanted=*) wanted=${line#*=} ;;
            own=*) own=${line#*=} ;;
            modules=*) modules=${line#*=} ;;
            *) rest=$rest$line$NL ;;
        esac
    done
    named_files "$rest"
    wanted_branch=
    for line in $remotes; do
        case $line in
            "$i$US"*)
                wanted=${line##*"$US"}
                wanted_branch=${line#"$i$US"}
                wanted_branch=${wanted_branch%"$US$wanted"}
                if [ "$wanted_branch" = failed ]; then
                    decode "$wanted" && why=$decoded
                    emit "$i" failed "$why"
                    return
                fi
                ;;
        esac
    done
    verdict=differs
    [ "$head" != "$wanted" ] || [ "$there" != "$url" ] || [ "$own$modules" != 00 ] || [ -n "$files" ] || verdict=same
    case $kind in branch | default) [ "$branch" = "$wanted_branch" ] || verdict=differs ;; esac
    emit "$i" present "$verdict" "$owner" "$head" "$branch" "$there" "$wanted" "$wanted_branch" "$own" "$modules" "$files"
}

i=0
set -- $states
for row in $ROWS; do
    read_scan "$1"
    shift
    read_checkout "$row"
    look_at "$seen_type" "$seen_owner"
    i=$((i + 1))
done
