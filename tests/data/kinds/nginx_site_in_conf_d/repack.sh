#!/bin/sh
# Makes a repository with nginx as its makers package it, of Debian's package: conf.d is all there is, and has a site.
set -eu
repository=/srv/nginx-org
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
chmod 0755 .
apt-get -qq update
apt-get -qq download nginx nginx-common
for package in ./*.deb; do
    dpkg-deb -x "$package" tree
done
rm -rf tree/etc/nginx/sites-* tree/etc/nginx/modules-* tree/etc/nginx/snippets
mkdir -p tree/etc/nginx/conf.d tree/DEBIAN
cat >tree/etc/nginx/nginx.conf <<'END'
user www-data;
pid /run/nginx.pid;
events {}
http {
    include /etc/nginx/conf.d/*.conf;
}
END
cat >tree/etc/nginx/conf.d/default.conf <<'END'
server {
    listen 80 default_server;
    return 200 "its own\n";
}
END
needs=$(dpkg-deb -f ./nginx_*.deb Depends | tr ',' '\n' | grep -v nginx-common | paste -s -d ,)
cat >tree/DEBIAN/control <<END
Package: nginx
Version: 9:1.0-1~own
Architecture: $(dpkg --print-architecture)
Maintainer: Nobody <nobody@example.com>
Depends: $needs
Description: web server, as its makers package it
END
mkdir -p "$repository"
dpkg-deb -b tree "$repository/nginx.deb" >/dev/null
cd "$repository"
{
    dpkg-deb -f nginx.deb
    printf 'Filename: ./nginx.deb\nSize: %s\nSHA256: %s\n' "$(stat -c %s nginx.deb)" "$(sha256sum nginx.deb | cut -d' ' -f1)"
} >Packages
echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list.d/nginx-org.list
apt-get -qq update
touch "$repository/ready"
