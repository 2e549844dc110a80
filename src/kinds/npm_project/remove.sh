columns path
read_row "$ROWS"
know_folders "$path"
remove_at "$path/node_modules" tree || say_why
