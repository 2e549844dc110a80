# Run with the path of the new file; no word of it may hold what stands for that path in a command. From 3.22 on logrotate warns of a
# word that it does not know, and goes on without that line.
if logrotate --debug "$1" 2>&1 </dev/null | grep -F -e "error: $1:" -e "error: Ignoring $1" -e "unknown option" | grep -F -e " $1"; then
    exit 1
fi
exit 0
