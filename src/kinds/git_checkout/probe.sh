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
# Record: "lacks", form, what
# Record: state
# What the remote lacks, or that it cannot be asked, is told beside what is there, of what is still to be fetched from it.
# A set of git processes for each checkout, and one that asks the remote for each that follows a branch, or has yet to be
# fetched. The remotes are asked side by side.

# shellcheck disable=SC2016
look='
cd "$path" && local_git rev-parse --git-dir >/dev/null || exit
printf "%s\n" "head=$(local_git rev-parse --quiet --verify HEAD)"
printf "%s\n" "branch=$(local_git symbolic-ref --quiet HEAD)"
printf "%s\n" "url=$(local_git config --get remote.origin.url)"
case $kind in
    tag) printf "%s\n" "wanted=$(local_git rev-parse --quiet --verify "refs/tags/$ref^{commit}")" ;;
    commit)
        printf "%s\n" "wanted=$ref"
        ! local_git cat-file -e "$ref^{commit}" 2>/dev/null || echo here=1
        ;;
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
    tag) set -- "$url" "refs/tags/$ref" ;;
    *) set -- --symref "$url" HEAD ;;
esac
[ -z "$is_local" ] || set -- --upload-pack="$upload_pack" "$@"
limit=20
if [ "$kind" != commit ]; then
    remote_git ls-remote "$@"
    exit
fi
# A single commit is not listed. Of a server that can leave out what a commit holds it is fetched alone, to be thrown away.
at=$(mktemp -d /tmp/.infra-look-XXXXXX) || exit
trap "rm -rf -- \"\$at\"" EXIT
trap "exit 143" HUP INT PIPE TERM
(export GIT_TRACE_PACKET="$at/said" && remote_git ls-remote "$@") || exit
if [ -n "$is_local" ]; then
    git -c safe.directory="*" -C "${url#file://}" cat-file -e "$ref^{commit}" 2>/dev/null || echo "no commit"
elif grep -Eq "(fetch=|multi_ack).* filter( |$)" "$at/said" && git init --quiet --bare "$at/at"; then
    said=$(remote_git --git-dir="$at/at" fetch --quiet --no-tags --depth=1 --filter=tree:0 "$url" "$ref" 2>&1)
    case $said in *"not our ref"*) echo "no commit" ;; esac
fi
'

# remote: prints what the remote has, as one line: index, ref, commit; or why not: index, "condition" or "revision", why. A single commit is
# there unless the remote says that it is not.
remote() {
    variables url kind ref key username token is_local helper
    answer=$(as_user "$user" "$data$git_text$ask" 2>&1)
    status=$?
    commit='' name=$ref lacks=
    for line in $answer; do
        case $line in
            "no commit") lacks=1 ;;
            "ref: refs/heads/"*"${TAB}HEAD") line=${line#ref: refs/heads/} && name=${line%"$TAB"*} ;;
            *"${TAB}HEAD" | *"${TAB}refs/heads/$ref" | *"${TAB}refs/tags/$ref") commit=${line%%"$TAB"*} ;;
        esac
    done
    if [ "$status" = 0 ] && [ -z "$lacks" ] && { [ -n "$commit" ] || [ "$kind" = commit ]; }; then
        printf '%s\n' "$i${US}at$US$name$US$commit"
        return
    fi
    advise "$answer"
    set -- $answer
    [ "$#" -lt 4 ] || shift $(($# - 3))
    form=condition
    case $status:$kind in
        0:default) form=revision why="$url has no branch yet" ;;
        0:*) form=revision why="$url has no $kind $ref" ;;
        # BusyBox has the status of the signal.
        124:* | 143:*) why="$url did not answer within 20 s" ;;
        *) why="$url cannot be asked: $*" ;;
    esac
    encode "$why${advice:+; $advice}"
    printf '%s\n' "$i$US$form$US$encoded"
}

# is_to_be_asked: whether the remote tells something of this checkout that is not here.
is_to_be_asked() {
    if [ -e "$path/.git" ]; then
        case $kind in
            branch | default) ;;
            tag)
                [ ! -e "$path/.git/refs/tags/$ref" ] || return
                awk -v name="refs/tags/$ref" '$2 == name { exit 1 }' "$path/.git/packed-refs" 2>/dev/null || [ $? = 2 ] || return
                ;;
            commit) { IFS= read -r head <"$path/.git/HEAD"; } 2>/dev/null && [ "$head" != "$ref" ] || return ;;
            *) return 1 ;;
        esac
    else
        case $kind:$seen_type in absent:*) return 1 ;; *:absent | *:directory) ;; *) return 1 ;; esac
    fi
    [ -z "$user" ] || id -u -- "$user" >/dev/null 2>&1 || return
    [ -z "$key" ] || path_state "$key" || return
    command -v git >/dev/null && { [ -z "$is_local" ] || [ -e "${url#file://}" ]; }
}

# read_remote: sets $remote_form to "at", or what the remote lacks; $remote_name and $remote_commit to what it has, or why not to
# $remote_why. All are empty where it was not asked.
read_remote() {
    remote_form='' remote_name='' remote_commit='' remote_why=
    for line in $remotes; do
        case $line in "$i$US"*) ;; *) continue ;; esac
        IFS=$US
        set -- $line
        IFS=$NL
        remote_form=$2
        if [ "$2" = at ]; then
            remote_name=$3 remote_commit=${4-}
        else
            decode "$3" && remote_why=$decoded
        fi
    done
}

# tell_lack: of what is still to be fetched.
tell_lack() {
    form=$remote_form what=$remote_why
    case $form in condition | revision) emit "$i" lacks "$form" "$what" ;; esac
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
        if is_to_be_asked; then remote & fi
        i=$((i + 1))
    done
    wait
)

look_at() {
    state=$1 owner=$2
    read_remote
    if [ "$state" != directory ]; then
        emit "$i" "$state"
        [ "$state" != absent ] || tell_lack
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
        [ "$state" != absent ] || tell_lack
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
    head='' branch='' there='' wanted='' here='' own=0 modules=0 rest=
    for line in $text; do
        case $line in
            head=*) head=${line#*=} ;;
            branch=*) branch=${line#branch=} && branch=${branch#refs/heads/} ;;
            url=*) there=${line#*=} ;;
            wanted=*) wanted=${line#*=} ;;
            here=*) here=1 ;;
            own=*) own=${line#*=} ;;
            modules=*) modules=${line#*=} ;;
            *) rest=$rest$line$NL ;;
        esac
    done
    named_files "$rest"
    # What the spec itself edits is no change of somebody.
    changed=$files files=
    for file in $changed; do
        case $NL$others$NL in *"$NL$file$NL"*) ;; *) files=$files${files:+$NL}$file ;; esac
    done
    wanted_branch=
    case $kind:$remote_form in
        branch:at | default:at) wanted=$remote_commit wanted_branch=$remote_name ;;
        branch:?* | default:?*)
            why=$remote_why
            emit "$i" failed "$why"
            return
            ;;
    esac
    verdict=differs
    [ "$head" != "$wanted" ] || [ "$there" != "$url" ] || [ "$own$modules" != 00 ] || [ -n "$files" ] || verdict=same
    case $kind in branch | default) [ "$branch" = "$wanted_branch" ] || verdict=differs ;; esac
    emit "$i" present "$verdict" "$owner" "$head" "$branch" "$there" "$wanted" "$wanted_branch" "$own" "$modules" "$files"
    [ -n "$here" ] || tell_lack
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
