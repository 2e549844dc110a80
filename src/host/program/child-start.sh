# A step's status is 0 only if all of its rows went well; 79 says that some did not.
_items_failed=
trap '_status=$?; [ "$_status" != 0 ] || [ -z "$_items_failed" ] || exit 79' EXIT
run_step() {
