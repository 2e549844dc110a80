#!/bin/sh
# mysql.privileges of pyinfra, for a database whose name has a digit.
#
# An account is to have the privileges that are named and no others, and for `shop` it has. But in what SHOW GRANTS says,
# only names of databases are looked for that hold small letters, `_` and `\`. Grants on `shop2`, `shop-test` or `Shop` are
# not seen: what should go stays, and each run grants the rest once more.
set -eu
work=$(mktemp -d)
cd "$work"
trap 'if [ -f pid ]; then kill "$(cat pid)"; fi; rm -rf "$work"' EXIT
apt-get -o APT::Sandbox::User=root download -qq mariadb-server mariadb-server-core mariadb-client-core libmariadb3 liburing2 \
    libsnappy1v5 libpcre2-8-0
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet pyinfra==3.10.0
mkdir bin
cat >bin/mysql <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu exec "$work/root/usr/bin/mariadb" --no-defaults -S "$work/socket" -u root "\$@"
WRAPPER
chmod +x bin/mysql
export PATH="$work/bin:$PATH"
cat >deploy.py <<'PY'
from pyinfra.operations import mysql

for database in ("shop", "shop2"):
    mysql.privileges(name=database, database=database, user="web", privileges="SELECT")
PY

LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" mariadb-install-db --no-defaults \
    --basedir="$work/root/usr" --datadir="$work/data" --user="$(id -un)" --auth-root-authentication-method=normal --skip-test-db \
    >install.log 2>&1
LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu root/usr/sbin/mariadbd --no-defaults --user="$(id -un)" --datadir="$work/data" \
    --socket="$work/socket" --skip-networking --lc-messages-dir="$work/root/usr/share/mysql" --pid-file="$work/pid" 2>run.log &
for _ in $(seq 300); do
    mysql -e 'DO 1' 2>/dev/null && break
    sleep 0.1
done
venv/bin/pyinfra --version
mysql -N -e 'SELECT version(); CREATE DATABASE shop; CREATE DATABASE shop2; CREATE USER web@localhost;
    GRANT SELECT, INSERT ON shop.* TO web@localhost; GRANT SELECT, INSERT ON shop2.* TO web@localhost'
{
    for run in 1 2; do
        venv/bin/pyinfra --yes @local deploy.py 2>&1 |
            sed -n "/^--> Starting operation: /{s///;s/ *$/:/;N;s/\n *\[@local\]//;s/^/run $run: /;p;}"
    done
    mysql -N -e 'SHOW GRANTS FOR web@localhost' | grep shop | sort
} >got
cat got
diff - got <<'WANTED'
run 1: shop: Success
run 1: shop2: Success
run 2: shop: No changes
run 2: shop2: Success
GRANT SELECT ON `shop`.* TO `web`@`localhost`
GRANT SELECT, INSERT ON `shop2`.* TO `web`@`localhost`
WANTED
echo "as found: INSERT is gone from shop and stays on shop2, which each run changes again"
