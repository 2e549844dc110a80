# Prints what a host is, in a form that does not depend on who made it so. It is sent with the names it looks at:
# $packages, $groups, $users, $services.
{
    [ -z "$packages" ] || dpkg-query -W -f 'package ${Package} ${db:Status-Status}\n' $packages
    [ -z "$groups" ] || getent group $groups | awk -F: '{ print "group " $1 " " $3 }'
    [ -z "$users" ] || getent passwd $users | awk -F: '{ print "user " $1 ":" $3 ":" $4 ":" $5 ":" $6 ":" $7 }'
    find /etc/bench -mindepth 1 -printf 'path %p %y %u %g %m\n'
    find /etc/bench -type f -exec sha256sum {} + | sed 's/^\([0-9a-f]*\)  /content \1 /'
    # A job may be in a file of its own or in root's crontab.
    {
        cat /etc/cron.d/* | awk '/bench-/ && $1 ~ /^[0-9*]/ { print }'
        crontab -l -u root 2>/dev/null | awk '/bench-/ && $1 ~ /^[0-9*]/ { $5 = $5 " root"; print }'
    } | awk '{ user = $6; schedule = $1 " " $2 " " $3 " " $4 " " $5; $1 = $2 = $3 = $4 = $5 = $6 = ""
               sub(/^ +/, ""); print "job " user " " schedule " " $0 }'
    for service in $services; do
        echo "service $service $(systemctl is-active "$service") $(systemctl is-enabled "$service")"
    done
} | sort -u
