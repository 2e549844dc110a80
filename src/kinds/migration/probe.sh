# Row of files: a connection, SQL, its lines (see query.sh, which answers them all). Row of a tool: see tool.sh.
# Record of files: state, how many of the files are applied as they are, how many rows the record has; then file, name in
# hexadecimal, checksum, statements, done, started. Record of a tool: no-user, no-directory, no-program, error and what it
# said, or told and what it told.
# One client for each connection; for each tool what that starts.
migration_rows=$ROWS
ROWS='' places='' i=0
for row in $migration_rows; do
    case $row in
        alembic"$US"* | knex"$US"*) ;;
        *) ROWS=$ROWS${ROWS:+$NL}$row places=$places$i$NL ;;
    esac
    i=$((i + 1))
done
if [ -n "$ROWS" ]; then
    # Its answers count the rows it was given.
    { printf '%s\n' "$places" '' && query_rows; } | awk -F "$US" -v OFS="$US" -v r="$R" '
        !part && $0 == "" { part = 1; next }
        !part { place[n++ + 0] = $1; next }
        $1 == r { $2 = place[$2 + 0] }
        { print }'
fi
ROWS=$migration_rows

look() {
    find_tool
    if [ -n "$missing" ]; then
        emit "$1" "$missing"
        return
    fi
    case $tool in
        alembic)
            now=$(run_tool current 2>&1) && all=$(run_tool history 2>&1) || {
                emit "$1" error "${all-}${all+$NL}$now"
                return
            }
            emit "$1" told "$now" "$all"
            ;;
        knex)
            now=$(run_tool migrate:list 2>&1) || {
                emit "$1" error "$now"
                return
            }
            emit "$1" told "$now"
            ;;
    esac
}

i=0
for row in $ROWS; do
    case $row in
        alembic"$US"* | knex"$US"*)
            (
                read_tool "$row"
                look "$i"
            )
            ;;
    esac
    i=$((i + 1))
done
