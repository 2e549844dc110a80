# Takes away what a contestant made, so that the next first apply finds a host without it. It is sent with the names:
# $groups, $users, $services.
# One call where all are there, as each reads all units again.
[ -z "$services" ] || systemctl disable --now $services >/dev/null 2>&1 ||
    for service in $services; do systemctl disable --now "$service" >/dev/null 2>&1; done
rm -rf /etc/bench /etc/cron.d/*bench* /var/lib/infra
crontab -r -u root 2>/dev/null
for user in $users; do ! getent passwd "$user" >/dev/null || userdel "$user"; done
for group in $groups; do ! getent group "$group" >/dev/null || groupdel "$group"; done
rm -rf /root/.ansible /tmp/pyinfra-* /opt/bench-app /home/bench-*
true
