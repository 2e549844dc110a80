# Row: path.
split_row "$ROWS"
rm -rf -- "$f1"
