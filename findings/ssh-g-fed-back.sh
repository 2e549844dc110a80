#!/bin/sh
# What `ssh -G` prints, as a configuration of its own.
#
# It prints the configuration that holds for a host, one directive a line, and for most files ssh reads that as the same
# again. Not for these: a LocalForward between two sockets is printed as a DynamicForward too, which ssh would open; a
# RemoteForward that is a SOCKS proxy, an EscapeChar with `^`, and values with blanks (quotes are left out) come out as ssh
# itself refuses them. Who reads `ssh -G` line by line, to learn where a host is or to show it, meets them. `sshd -T` leaves
# out the quotes of SetEnv in the same way.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/config" <<'CONFIG'
Host app
    LocalForward /run/user/1000/db.sock /run/postgresql/.s.PGSQL.5432
    RemoteForward 8080
    EscapeChar ^B
    SetEnv GREETING="a b"
    IdentityFile "/srv/deploy keys/app"
CONFIG
ssh -V
ssh -G -F "$work/config" app </dev/null >"$work/printed"
{
    grep -iE '^(dynamicforward|localforward|remoteforward|escapechar|setenv|identityfile) ' "$work/printed"
    sed 's/^host app/Host app/' "$work/printed" >"$work/again"
    ssh -G -F "$work/again" app </dev/null 2>&1 >"$work/nothing" | grep -E 'line|terminating' | sed 's/.*: //' | tr -d '\r'
} >"$work/got"
cat "$work/got"
diff - "$work/got" <<'WANTED'
dynamicforward /run/user/1000/db.sock
localforward /run/user/1000/db.sock /run/postgresql/.s.PGSQL.5432
remoteforward 8080 [socks]:0
identityfile /srv/deploy keys/app
setenv GREETING=a b
escapechar \^B
Bad forwarding specification.
keyword identityfile extra arguments at end of line
Invalid SetEnv.
Bad escape character.
terminating, 4 bad configuration options
WANTED
echo "as found: one forwarding more, and four lines that ssh refuses"
