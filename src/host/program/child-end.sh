}
text=
run_step
exit
: whole
