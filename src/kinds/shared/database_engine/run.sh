# One client for each row; the first error ends the row.
i=0
for row in $ROWS; do
    read_connection "$row"
    choose_password
    if ! complaints=$({ session_start && printf '%s\n' "$sql"; } | run_client change 2>&1 >/dev/null); then
        # Some clients show the statement again; it may hold what nobody should see.
        message=$(printf '%s\n' "$complaints" | sed -n \
            -e 's/^psql:<stdin>:[0-9]*: //p' -e 's/^\(DETAIL\|HINT\):  /\1: /p' -e '/^psql: /p' -e 's/^\(ERROR [0-9]* ([0-9A-Z]*)\)\( at line [0-9]*\)*/\1/p' \
            -e 's/^\([A-Za-z]* error\|Error:\) near line [0-9]*: //p' -e '/^\(Error: \|mysql: \|mariadb: \|runuser: \|sudo: \|su: \)/p')
        item_failed "$i" "${message:-the client $client failed}"
    fi
    i=$((i + 1))
done
