columns path
read_row "$ROWS"
learn "${path%/*}/"
remove_at "$path" tree || say_why
