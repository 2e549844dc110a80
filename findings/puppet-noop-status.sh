#!/bin/sh
# Drift that `puppet apply --noop --detailed-exitcodes` finds.
#
# With --detailed-exitcodes, 2 says that there were changes. A job that is only to look, and adds --noop, gets 0: what
# would be changed does not count, so that the host that has drifted and the one that has not end alike. Only the log
# tells them apart. Terraform's `plan -detailed-exitcode`, of which this reminds, gives 2 for a plan with changes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq puppet-agent=7.23.0-1+deb12u1 ruby3.1 libruby3.1 ruby-concurrent \
    ruby-deep-merge facter hiera ruby-hocon ruby-thor ruby-semantic-puppet ruby-shadow ruby-augeas libaugeas0 ruby-sorted-set ruby-rbtree ruby-webrick rubygems-integration
for package in *.deb; do dpkg -x "$package" root; done
usr=$work/root/usr
RUBYLIB=$usr/lib/ruby/vendor_ruby:$usr/lib/ruby/vendor_ruby/3.1.0:$usr/lib/ruby/3.1.0
RUBYLIB=$RUBYLIB:$usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0:$usr/lib/x86_64-linux-gnu/ruby/3.1.0
for folder in "$usr"/share/rubygems-integration/all/gems/*/lib "$usr"/share/rubygems-integration/all/gems/*/lib/concurrent-ruby; do
    RUBYLIB=$RUBYLIB:$folder
done
export RUBYLIB LD_LIBRARY_PATH="$usr/lib/x86_64-linux-gnu"
for folder in conf var run public ssl code log; do
    mkdir $folder
    set -- "$@" "--${folder}dir=$work/$folder"
done
puppet() { "$usr/bin/ruby3.1" --disable-gems "$usr/bin/puppet" "$@" 2>/dev/null; }
printf 'file { "%s/motd": content => "hello\\n" }\n' "$work" >site.pp
try() {
    what=$1
    shift
    status=0
    puppet apply --color=false --detailed-exitcodes "$@" site.pp >out || status=$?
    echo "$what: status $status $(sed -n 's/.*(\(noop\))$/(says \1)/p' out)"
}
puppet --version
{
    try 'noop, nothing there' --noop "$@"
    try 'applied' "$@"
    try 'noop, as wanted' --noop "$@"
    echo changed >motd
    try 'noop, changed by hand' --noop "$@"
    try 'applied' "$@"
} >got
cat got
diff - got <<'WANTED'
noop, nothing there: status 0 (says noop)
applied: status 2 
noop, as wanted: status 0 
noop, changed by hand: status 0 (says noop)
applied: status 2 
WANTED
echo "as found: with --noop, drift and no drift have one status"
