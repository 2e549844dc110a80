# Makes a checkout, or brings one to the commit wanted. All that happens inside is done by its user.
read_checkout "$ROWS"
command -v git >/dev/null || {
    echo "git is not on the host: add the package git to the spec"
    exit 1
}

# shellcheck disable=SC2016
bring='
mark=
cd "$path" || exit
# What was broken off while it was made is made anew.
is_repository || git -c init.defaultBranch=main -c init.templateDir= init --quiet . || exit
# The mark has something in it while we work, and is locked. Where it has, and nobody locks it, a run was killed: what git
# locked since then would stay locked, and files that it had written already would look like changes of somebody.
if [ -d .git ] && command -v flock >/dev/null; then
    mark=.git/infra-at-work
    exec 9>>"$mark" || exit
    flock -n 9 || { echo "another run is at work in this checkout: wait until it ends"; exit 1; }
    if [ -s "$mark" ]; then
        # Both may have been written in one tick of the clock. Dash, bash and busybox all have -ot.
        find .git -type f -name "*.lock" | while IFS= read -r lock; do [ "$lock" -ot "$mark" ] || rm -f -- "$lock"; done
        changed=$(changed_files) || exit
        if [ -z "$changed" ]; then
            left_behind | while IFS= read -r name; do rm -f -- "$name"; done
            if git rev-parse --quiet --verify HEAD >/dev/null; then
                git reset --quiet --hard HEAD || exit
            else
                rm -f .git/index
            fi
        fi
    fi
    echo starts >"$mark" || exit
fi
if [ -z "$(git config --get remote.origin.url)" ]; then
    git remote add -- origin "$url" || exit
else
    git config remote.origin.url "$url" || exit
fi

set -- --quiet
[ -z "$is_local" ] || set -- "$@" --upload-pack="$upload_pack"
if [ "$kind" = default ]; then
    answer=$(limit=60 && remote_git ls-remote ${is_local:+"--upload-pack=$upload_pack"} --symref origin HEAD) || exit
    ref=
    while IFS= read -r line; do
        case $line in
            "ref: refs/heads/"*) line=${line#ref: refs/heads/} && ref=${line%%[!-A-Za-z0-9_./+@%,#]*} ;;
        esac
    done <<END
$answer
END
    [ -n "$ref" ] || { echo "$url has no branch yet"; exit 1; }
    kind=branch
fi
if [ -n "$depth" ]; then
    set -- "$@" --depth "$depth"
elif [ "$(git rev-parse --is-shallow-repository)" = true ]; then
    set -- "$@" --unshallow
fi
case $kind in
    branch)
        target=refs/remotes/origin/$ref
        remote_git fetch "$@" origin "+refs/heads/$ref:$target" || exit
        ;;
    tag)
        target=refs/tags/$ref
        remote_git fetch "$@" origin "+refs/tags/$ref:$target" || exit
        ;;
    commit)
        target=$ref
        # A server that does not hand out single commits hands out its branches and tags.
        git cat-file -e "$target^{commit}" 2>/dev/null || remote_git fetch "$@" origin "$target" 2>/dev/null ||
            remote_git fetch "$@" --tags origin "+refs/heads/*:refs/remotes/origin/*" || exit
        git cat-file -e "$target^{commit}" 2>/dev/null || { echo "$url has no commit $ref"; exit 1; }
        ;;
esac

if [ -z "$force" ] && git rev-parse --quiet --verify HEAD >/dev/null; then
    changed=$(changed_files) || exit
    changed=$(printf "%s\n" "$changed" | sed "/^[12] .. S.\.[.U] /d; s/^1 \([^ ]* \)\{7\}//; s/^2 \([^ ]* \)\{8\}//; s/^u \([^ ]* \)\{9\}//")
    lost=$(printf "%s\n" "$changed" | while IFS= read -r name; do
        printf "%s\n" "$others" | grep -q -F -x -e "$name" || printf "%s\n" "$name"
    done)
    [ -z "$lost" ] || { printf "%s\n" "files were changed meanwhile, and would be lost:" "$lost"; exit 1; }
    # What the spec itself edits is edited anew where the commit has it otherwise.
    printf "%s\n" "$changed" | while IFS= read -r name; do
        [ -z "$name" ] || local_git diff --quiet --no-ext-diff HEAD "$target" -- "$name" ||
            local_git checkout --quiet HEAD -- "$name" || exit
    done || exit
fi
[ -z "$mark" ] || git rev-parse "$target^{commit}" >"$mark" || exit
set -- -c core.hooksPath=/dev/null checkout --quiet --no-overwrite-ignore
[ -z "$force" ] || set -- "$@" --force
if [ "$kind" = branch ]; then
    git "$@" -B "$ref" "$target" -- || exit
    git branch --quiet --set-upstream-to="origin/$ref" "$ref" || exit
else
    git "$@" --detach "$target" -- || exit
fi
git update-ref refs/infra/checkout HEAD || exit
if [ -n "$submodules" ]; then
    git submodule --quiet sync --recursive || exit
    remote_git submodule --quiet update --init --recursive ${force:+--force} ${depth:+--depth "$depth"} || exit
fi
[ -z "$mark" ] || : >"$mark"
'

works_alone "$user" "$path" || say_why || exit
# was_empty: whether nothing of it was there before.
was_empty() { [ -z "$(find "$path" -mindepth 1 -maxdepth 1 -exec echo x \; -quit)" ]; }
is_new=
if [ -d "$path" ]; then
    ! was_empty || is_new=emptied
    hand_over_at "${user:+$user:}" "$path" || say_why || exit
else
    is_new=made
    make_way "$path" && hand_over_at "${user:+$user:}" "$path" || say_why || exit
fi
[ -n "$kind" ] || exit 0
variables path url kind ref submodules force depth key username token is_local others helper
said=$(as_user "$user" "limit=$NL$data$git_text$bring" 2>&1)
status=$?
[ -z "$said" ] || printf '%s\n' "$said"
if [ "$status" != 0 ]; then
    advise "$said"
    [ -z "$advice" ] || printf '%s\n' "$advice"
    # Where nothing could be checked out, nothing of it stays.
    if [ ! -e "$path/.git/refs/infra/checkout" ]; then
        case $is_new in
            made) remove_at "$path" tree ;;
            emptied) enter "$path" && find . -mindepth 1 -maxdepth 1 -exec rm -rf -- {} + ;;
        esac
    fi
fi
exit "$status"
