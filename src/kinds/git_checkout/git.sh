# The user is the one that git runs as; the kind is branch, tag, commit or default ("" where only the owner is wrong, "absent" where it
# should go), the ref its name; the key is an SSH key on the host; is_local is 1 where the repository is on the host itself.
columns path user url kind ref submodules force depth key username token is_local

# read_checkout ROW: sets the fields of a row as variables.
read_checkout() {
    read_row "$1"
    decode "$url" && url=$decoded
    decode "$username" && username=$decoded
    decode "$token" && token=$decoded
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
local_git() { git -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"; }
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
    if [ -n "$limit" ] && command -v timeout >/dev/null; then
        exec timeout "$limit" git "$@"
    fi
    exec git "$@"
)
# A repository on the host may belong to somebody else than who reads it.
upload_pack="git -c safe.directory=* upload-pack"

# Prints the files that differ from what is checked out, in the format of git-status(1).
changed_files() { local_git status --porcelain=v2 --untracked-files=no --ignore-submodules=untracked; }
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
