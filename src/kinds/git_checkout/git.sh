# The user is the one that git runs as; the kind is branch, tag, commit or default ("" where only the owner is wrong, "absent" where it
# should go), the ref its name; the key is an SSH key on the host; is_local is 1 where the repository is on the host itself; others are
# the files in it that other resources make or edit, a line each.
columns path user url kind ref submodules force depth key username token is_local others

# read_checkout ROW: sets the fields of a row as variables.
read_checkout() {
    read_row "$1"
    decode "$url" && url=$decoded
    decode "$username" && username=$decoded
    decode "$token" && token=$decoded
    decode "$others" && others=$decoded
    # Who one is already, one need not become.
    [ "$user" != "$self" ] || user=
}
self=$(id -un)

# Answers git when it asks for credentials, for this one server. The token is in the environment of the git that talks to
# the remote, and nowhere else; other helpers, which may keep what they see, are left out.
helper='!f() {
    [ "$1" = get ] || return 0
    protocol="" host=""
    while IFS= read -r line && [ -n "$line" ]; do
        case $line in
            protocol=*) protocol=${line#*=} ;;
            host=*) host=${line#*=} ;;
        esac
    done
    [ "$protocol://$host" != "$INFRA_GIT_SERVER" ] ||
        printf "username=%s\npassword=%s\n" "$INFRA_GIT_USERNAME" "$INFRA_GIT_TOKEN"
}
f'

# What stands in single quotes is for the shell of the user that git runs as.
# local_git looks at the checkout; it runs no hook, no monitor, and takes no lock. remote_git goes to the remote.
# shellcheck disable=SC2016
git_text='
export GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0
local_git() { git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.quotePath=false "$@"; }
remote_git() (
    set -- -c core.askPass= -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"
    if [ -n "$key" ]; then
        INFRA_GIT_KEY=$key
        GIT_SSH_COMMAND="ssh -i \"\$INFRA_GIT_KEY\" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=15"
        export INFRA_GIT_KEY GIT_SSH_COMMAND
    fi
    if [ -n "$token" ]; then
        rest=${url#*://}
        INFRA_GIT_SERVER=${url%%://*}://${rest%%/*} INFRA_GIT_USERNAME=$username INFRA_GIT_TOKEN=$token
        export INFRA_GIT_SERVER INFRA_GIT_USERNAME INFRA_GIT_TOKEN
        set -- -c credential.helper= -c credential.helper="$helper" "$@"
    fi
    # What git leaves in the background must not hold what the shell has open.
    if [ -n "$limit" ] && command -v timeout >/dev/null; then
        exec timeout "$limit" git "$@" 9>&-
    fi
    exec git "$@" 9>&-
)
# is_repository: whether there is one in this folder itself.
is_repository() { [ -e .git ] && local_git --git-dir=.git rev-parse --git-dir >/dev/null 2>&1; }
# A repository on the host may belong to somebody else than who reads it.
upload_pack="git -c safe.directory=* upload-pack"

# as_committed COMMIT: prints the files that are there as they are in a commit. Nothing is written for that.
as_committed() {
    tab=$(printf "\t")
    entries=$(local_git ls-tree -r "$1" | while IFS="$tab" read -r entry name; do
        case $entry in
            160000*) ;;
            120000*) [ -L "$name" ] || continue ;;
            *)
                [ -f "$name" ] && [ ! -L "$name" ] || continue
                [ -x "$name" ] && mode=100755 || mode=100644
                [ "${entry%% *}" = "$mode" ] || continue
                ;;
        esac
        printf "%s\t%s\n" "$entry" "$name"
    done)
    hashes=$(printf "%s\n" "$entries" | sed -n "s/^100[^$tab]*$tab//p" | local_git hash-object --stdin-paths) || return
    printf "%s\n" "$hashes" // "$entries" | while IFS= read -r line; do
        case $line in
            120000*) hash=$(readlink -n -- "${line#*$tab}" | local_git hash-object --stdin) ;;
            *) hash= ;;
        esac
        printf "%s\n" "$line$tab$hash"
    done | awk -F "\t" "
        !entries && \$0 ~ /^\/\// { entries = 1; next }
        !entries { hash[++count] = \$1; next }
        { split(\$1, entry, \" \") }
        entry[1] ~ /^100/ { \$3 = hash[++at] }
        entry[1] == 160000 || entry[3] == \$3 { print \$2 }
    "
}
# left_behind: prints the files that a run which was killed had written, in part or whole, or taken away, on the way to the commit
# that stands in its mark.
left_behind() (
    [ -s .git/infra-at-work ] && IFS= read -r to <.git/infra-at-work || exit 0
    local_git cat-file -e "$to^{commit}" 2>/dev/null || exit 0
    from=$(local_git rev-parse --quiet --verify HEAD) || from=$(local_git hash-object -t tree /dev/null)
    {
        as_committed "$to" && echo // && local_git diff --name-only --no-ext-diff && echo // &&
            local_git diff-tree -r --no-renames --name-status "$from" "$to"
    } | awk -F "\t" "
        \$0 == \"//\" { part++; next }
        part == 0 { is_whole[\$0]; next }
        part == 1 { is_changed[\$0]; next }
        \$1 == \"D\" { print \"gone\", \$2; next }
        \$2 in is_whole { print \"whole\", \$2; next }
        \$1 == \"A\" || \$2 in is_changed { print \"part\", \$2 }
    " | while IFS=" " read -r how name; do
        if [ -e "$name" ] || [ -L "$name" ]; then
            [ "$how" != gone ] || continue
            if [ "$how" = part ]; then
                [ -f "$name" ] && [ ! -L "$name" ] && size=$(wc -c <"$name") || continue
                local_git cat-file --filters "$to:$name" 2>/dev/null | head -c "$((size))" | cmp -s - "$name" || continue
            fi
        fi
        printf "%s\n" "$name"
    done
)
# Prints the files that differ from what is checked out, in the format of git-status(1), but for those that a killed run left.
changed_files() {
    changed=$(local_git status --porcelain=v2 --untracked-files=no --ignore-submodules=untracked) || return
    [ -n "$changed" ] || return 0
    left=$(left_behind)
    printf "%s\n" "$changed" | left=$left awk "
        BEGIN { count = split(ENVIRON[\"left\"], names, \"\\n\"); for (i = 1; i <= count; i++) ours[names[i]] }
        { name = \$0; for (i = 1; i <= 8; i++) sub(/^[^ ]* /, \"\", name) }
        \$1 != 1 || !(name in ours)
    "
}
# Prints how many commits are nowhere but here; what was checked out before stays known under refs/infra.
own_commits() { local_git rev-list --count HEAD --not --remotes --tags --glob="refs/infra/*"; }
'

# named_files TEXT: sets $files to the names in what git status said. A submodule counts where files in it differ, not
# where it is at another commit.
named_files() {
    files=
    for line in $1; do
        case $line in
            [12]' '??' S'?'.'[.U]' '*) ;;
            '1 '*) files=$files${line#* * * * * * * * }$NL ;;
            '2 '*) line=${line#* * * * * * * * * } && files=$files${line%%"$TAB"*}$NL ;;
            'u '*) files=$files${line#* * * * * * * * * * }$NL ;;
        esac
    done
    files=${files%"$NL"}
}

# advise TEXT: sets $advice to what helps against what git said.
advise() {
    advice=
    case $1 in
        *'could not read Username'* | *'could not read Password'* | *'Authentication failed'*)
            advice='the remote asks for credentials, or refuses these: check username and token' ;;
        *'Permission denied (publickey'*) advice='the remote does not take the key: check ssh_key' ;;
        *'Host key verification failed'*)
            advice="the server's key is not known to this user: put it into /etc/ssh/ssh_known_hosts" ;;
        *'ould not resolve host'*) advice='the host does not find the server: check url and its name service' ;;
    esac
}
