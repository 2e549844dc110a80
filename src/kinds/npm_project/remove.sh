columns path
read_row "$ROWS"
learn "$path"
remove_at "$path/node_modules" tree || say_why
