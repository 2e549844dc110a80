# A step's status is 0 only if all of its rows went well; 79 says that some did not. A program may have something done at
# its end.
_items_failed='' at_exit=''
trap '_status=$?; eval "$at_exit"; [ "$_status" != 0 ] || [ -z "$_items_failed" ] || exit 79; exit "$_status"' EXIT
run_step() {
