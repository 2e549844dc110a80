# Not every cron brings its folder. What is being unpacked in it has a name that cron does not read.
[ -d /etc/cron.d ] || mkdir -p -- /etc/cron.d || exit
