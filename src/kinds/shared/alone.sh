# What place.sh and beside.sh find in a step of a run, for a program that stands on a host by itself and is root's.
uid=0 state_folder=/var/lib/infra at_exit=
US=$(printf '\037')
NL='
'
path_state() { [ -e "$1" ] || [ -L "$1" ]; }
