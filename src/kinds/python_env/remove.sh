columns path
read_row "$ROWS"
rm -rf -- "$path"
