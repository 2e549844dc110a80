#!/bin/sh
# Which rule of file_contexts labels a path, where one was added on the host.
#
# One expects the rule that says most about a path to win, as within the policy. But the rules of file_contexts.local,
# where `semanage fcontext -a` puts them, come behind all others, and the last that fits wins: `/srv(/.*)?` of the host
# takes `/srv/www/app/logs` from the policy, too, and even a path that the policy has letter by letter. And a rule for a
# path that the policy has an alias for (`/usr/local/lib`, `/etc/systemd/system`, in file_contexts.subs_dist) fits
# nothing: it has to be written with the other name. (semanage refuses such a rule; a file that is written says nothing.)
# No SELinux is needed for matchpathcon, which asks the same library as restorecon.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq selinux-utils=3.4-1+b6 libselinux1=3.4-1+b6 libpcre2-8-0 libsepol2
for package in *.deb; do dpkg -x "$package" root; done
ls selinux-utils_*
cat >file_contexts <<'RULES'
/srv(/.*)?	system_u:object_r:var_t:s0
/srv/www(/.*)?	system_u:object_r:content_t:s0
/srv/www/[^/]*/logs(/.*)?	system_u:object_r:log_t:s0
/srv/www/app/index.html	--	system_u:object_r:index_t:s0
/usr/lib(/.*)?	system_u:object_r:lib_t:s0
RULES
printf '/usr/local/lib /usr/lib\n' >file_contexts.subs_dist
paths='/srv/data /srv/www/app/logs/today /srv/www/app/index.html /usr/local/lib/app'
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
label() {
    echo "$1:"
    for path in $paths; do
        echo "  $path $(root/usr/sbin/matchpathcon -f file_contexts -n "$path" | cut -d: -f3)"
    done
}
{
    label policy
    printf '/srv(/.*)?\tsystem_u:object_r:local_t:s0\n/usr/local/lib/app(/.*)?\tsystem_u:object_r:app_t:s0\n' >file_contexts.local
    label 'with rules of the host'
    printf '/usr/lib/app(/.*)?\tsystem_u:object_r:app_t:s0\n' >file_contexts.local
    label 'by the other name'
} >got
cat got
diff - got <<'WANTED'
policy:
  /srv/data var_t
  /srv/www/app/logs/today log_t
  /srv/www/app/index.html index_t
  /usr/local/lib/app lib_t
with rules of the host:
  /srv/data local_t
  /srv/www/app/logs/today local_t
  /srv/www/app/index.html local_t
  /usr/local/lib/app lib_t
by the other name:
  /srv/data var_t
  /srv/www/app/logs/today log_t
  /srv/www/app/index.html index_t
  /usr/local/lib/app app_t
WANTED
echo "as found: a rule of the host beats any of the policy, or none"
