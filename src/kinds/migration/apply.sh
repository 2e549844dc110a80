# The first row is a connection; those after it are instructions, each with fields of its own. The last one may be "tool", and the
# tool's row comes after it (see tool.sh).
# A session of the client holds the lock while it applies a file; its end rolls back what is open.
trap '' PIPE
session=
at_exit=end_session

begin_session() {
    [ -z "$session" ] || return 0
    stage_for /tmp || return
    # Making a stage says what to do on a signal.
    trap '' PIPE
    mkfifo -m 600 -- "$stage/in" "$stage/out" || return
    # The client of MySQL takes 15 characters as a delimiter.
    mark=$(tr -d - </proc/sys/kernel/random/uuid)
    mark=infra${mark%??????????????????????}
    run_client converse <"$stage/in" >"$stage/out" 2>&1 &
    session=$!
    exec 6>"$stage/in" 7<"$stage/out"
    rm -f -- "$stage/in" "$stage/out"
    open_session >&6
}

end_session() {
    [ -n "$session" ] || return 0
    exec 6>&-
    wait "$session"
    session=
    exec 7<&-
}

# finish [ended]: ends a statement that was written, if it has not ended itself, and waits until it is done. Sets $answer to
# the last line that came, $said to what the client complained of; false where that ended it.
finish() {
    end_statement "${1-}" 2>/dev/null >&6
    answer='' said=''
    while IFS= read -r line <&7; do
        case $line in
            "$mark") return 0 ;;
            'psql:<stdin>:'*': '*)
                line=${line#psql:<stdin>:}
                complain "${line#*: }"
                ;;
            'DETAIL: '* | 'HINT: '*) [ -z "$said" ] || complain "$line" ;;
            'ERROR '[0-9]*) complain "${line%% at line *}: ${line#*: }" ;;
            *' error near line '*) complain "${line#* near line *: }" ;;
            psql:* | Error:* | mysql:* | mariadb:* | runuser:* | sudo:* | su:*) complain "$line" ;;
            # After a complaint comes the statement again, if anything.
            *) [ -n "$said" ] || answer=$line ;;
        esac
    done
    return 1
}

complain() {
    case $1 in NOTICE:* | INFO:* | WARNING:* | DEBUG:* | LOG:*) return ;; esac
    said=$said${said:+; }$1
}

# Sends SQL and waits until it is done.
send() {
    begin_session || return
    printf '%s' "$1" 2>/dev/null >&6
    finish
}

fail() {
    item_failed 0 "$1"
    exit 0
}

n=-1
for row in $ROWS; do
    n=$((n + 1))
    if [ "$n" = 0 ]; then
        read_connection "$row"
        choose_password
        continue
    fi
    columns verb more
    read_row "$row"
    case $verb in
        plain)
            # Something for the client itself.
            columns text
            read_row "$more"
            decode "$text" && text=$decoded
            begin_session || fail "cannot talk to the client"
            printf '%s\n' "$text" >&6
            ;;
        lock)
            # Waits for the lock; the answer is 1.
            columns sql seconds
            read_row "$more"
            decode "$sql" && sql=$decoded
            send "$sql" || {
                case $said in
                    *'lock timeout'*) answer=0 said= ;;
                    *) fail "${said:-the client $client ended}" ;;
                esac
            }
            [ "$answer" = 1 ] || fail "another run holds the lock of the migrations, and did for $seconds seconds: wait until it has ended, then plan again"
            ;;
        sql)
            # SQL that is no file's.
            columns sql purpose
            read_row "$more"
            decode "$sql" && sql=$decoded
            send "$sql" || fail "cannot $purpose: ${said:-the client $client ended}"
            ;;
        commit)
            # Ends the transaction of a file.
            columns sql file
            read_row "$more"
            decode "$sql" && sql=$decoded
            send "$sql" || fail "cannot apply $file: ${said:-the client $client ended}; nothing of the file is in place"
            ;;
        guard)
            # Goes on where the answer is "same".
            columns sql table
            read_row "$more"
            decode "$sql" && sql=$decoded
            send "$sql" || fail "cannot read $table: ${said:-the client $client ended}"
            if [ "$answer" != same ]; then
                echo "another run has applied migrations since they were looked at: plan again"
                break
            fi
            ;;
        end)
            # What a file sets is not the next one's.
            end_session
            ;;
        backup)
            # Dumps the database.
            columns into name
            read_row "$more"
            decode "$into" && into=$decoded
            dump_database "$into" "$name" || fail "no backup, so nothing was migrated: $wrong"
            ;;
        statement)
            # A statement of a file, so many bytes of standard input.
            columns size place which first_line hence ended
            read_row "$more"
            begin_session || fail "cannot talk to the client"
            take "$size" 2>/dev/null >&6
            finish "$ended" || {
                decode "$first_line" && printf '%s\n' "$decoded" "$hence"
                fail "$place: $which: ${said:-the client $client ended}"
            }
            ;;
        tool)
            columns seconds
            read_row "$more"
            read_tool "${ROWS##*"$NL"}"
            find_tool
            [ -z "$missing" ] || fail "it cannot run: $missing"
            # One at a time on this host.
            exec 5<"$directory"
            flock -w "$seconds" 5 || fail "another run of the migrations was not done after $seconds seconds: wait until it has ended, then plan again"
            case $tool in
                alembic) run_tool upgrade heads 5<&- 6>&- 7<&- ;;
                knex) run_tool migrate:latest 5<&- 6>&- 7<&- ;;
            esac || fail "$tool ended with status $?"
            exec 5<&-
            break
            ;;
    esac
done
end_session
exit 0
