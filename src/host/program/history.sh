# The runs that changed the host. Record: the fields of a line.
[ ! -f "$state_folder/history" ] || sed "s/^/$R${US}0$US/" "$state_folder/history"
