columns path
read_row "$ROWS"
know_folders "${path%/*}/"
remove_at "$path" tree || say_why
