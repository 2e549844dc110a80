#!/bin/sh
# A signature of ssh-keygen -Y, verified as scripts and git do it.
#
# First `find-principals` says whose key made the signature, then `verify -I` is asked about that one. But
# find-principals knows of no namespace: where a key stands on two lines, one for `git` and one for `deploy`, it names
# the first alone, and the good signature of a deployment does not verify. Nor does one of a commit in git, which does
# the same, where the line for `git` is not the first. Of a line with patterns it prints the patterns, also what the
# line excludes, with its `!`.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ssh-keygen -q -t ed25519 -N '' -C '' -f key
echo plan >plan
ssh-keygen -q -Y sign -f key -n deploy plan 2>/dev/null
public=$(cut -d' ' -f1,2 key.pub)
find_principals() { ssh-keygen -Y find-principals -s plan.sig -f signers | tr '\n' ' '; }
verify() {
    if ssh-keygen -Y verify -f signers -I "$1" -n deploy -s plan.sig <plan >/dev/null 2>&1; then echo good; else echo refused; fi
}
commit() {
    git -c gpg.ssh.allowedSignersFile=signers verify-commit HEAD >/dev/null 2>&1 && echo good || echo refused
}
ssh -V
git --version
git init -q .
git -c user.name=Bob -c user.email=bob@example.org -c gpg.format=ssh -c user.signingKey=key commit -q -S --allow-empty -m change
{
    printf '%s\n' "alice@example.org namespaces=\"git\" $public" "bob@example.org namespaces=\"deploy\" $public" >signers
    echo "two lines: $(find_principals)"
    echo "alice: $(verify alice@example.org)"
    echo "bob: $(verify bob@example.org)"
    printf '%s\n' "alice@example.org namespaces=\"deploy\" $public" "bob@example.org namespaces=\"git\" $public" >signers
    echo "git, second line: $(commit)"
    printf '%s\n' "bob@example.org namespaces=\"git\" $public" "alice@example.org namespaces=\"deploy\" $public" >signers
    echo "git, first line: $(commit)"
    printf '%s\n' "!eve@example.org,*@example.org $public" >signers
    echo "patterns: $(find_principals)"
} >got
cat got
diff - got <<'WANTED'
two lines: alice@example.org 
alice: refused
bob: good
git, second line: refused
git, first line: good
patterns: !eve@example.org *@example.org 
WANTED
echo "as found: the principal that is found is not the one that may sign"
