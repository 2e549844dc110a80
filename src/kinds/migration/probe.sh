# A row of files is one of query.sh, which answers them all; one of a tool is that of tool.sh. About a tool:
# Record: "no-user"
# Record: "no-directory"
# Record: "no-program"
# Record: "error", said
# Record: "told", now, all
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
                said=${all-}${all+$NL}$now
                emit "$1" error "$said"
                return
            }
            emit "$1" told "$now" "$all"
            ;;
        knex)
            now=$(run_tool migrate:list 2>&1) || {
                said=$now
                emit "$1" error "$said"
                return
            }
            emit "$1" told "$now" ''
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
