# Row: a connection (ten fields) first, then instructions:
#   plain TEXT                    something for the client itself
#   lock SQL SECONDS              waits for the lock; the answer is 1
#   sql SQL PURPOSE               SQL that is no file's
#   guard SQL TABLE               goes on where the answer is "same"
#   backup FOLDER NAME            dumps the database
#   statement SIZE PLACE WHICH FIRST_LINE HENCE [ended]    a statement of a file, so many bytes of standard input
#   commit SQL FILE               ends the transaction of a file
#   end                           ends the session: what a file sets is not the next one's
#   tool                          runs the tool of the next row (see tool.sh)
# A session of the client holds the lock while it applies a file; its end rolls back what is open.
trap '' PIPE
folder=
session=
trap 'end_session; [ -z "$folder" ] || rm -rf -- "$folder"' EXIT

begin_session() {
    [ -z "$session" ] || return 0
    folder=$(mktemp -d) && mkfifo -- "$folder/in" "$folder/out" || return
    # The client of MySQL takes 15 characters as a delimiter.
    mark=$(tr -d - </proc/sys/kernel/random/uuid)
    mark=infra${mark%??????????????????????}
    run_client converse <"$folder/in" >"$folder/out" 2>&1 &
    session=$!
    exec 6>"$folder/in" 7<"$folder/out"
    rm -rf -- "$folder"
    folder=
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
            'ERROR '[0-9]*) complain "${line%% at line *}: ${line#*: }" ;;
            *' error near line '*) complain "${line#* near line *: }" ;;
            psql:* | Error:* | mysql:* | mariadb:* | runuser:* | sudo:* | su:*) complain "$line" ;;
            *) answer=$line ;;
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
    split_row "$row"
    decode "$f2" && text=$decoded
    case $f1 in
        plain)
            begin_session || fail "cannot talk to the client"
            printf '%s\n' "$text" >&6
            ;;
        lock)
            send "$text" || {
                case $said in
                    *'lock timeout'*) answer=0 said= ;;
                    *) fail "${said:-the client $client ended}" ;;
                esac
            }
            [ "$answer" = 1 ] || fail "another run holds the lock of the migrations, and did for $f3 seconds: wait until it has ended, then plan again"
            ;;
        sql) send "$text" || fail "cannot $f3: ${said:-the client $client ended}" ;;
        commit) send "$text" || fail "cannot apply $f3: ${said:-the client $client ended}; nothing of the file is in place" ;;
        guard)
            send "$text" || fail "cannot read $f3: ${said:-the client $client ended}"
            if [ "$answer" != same ]; then
                echo "another run has applied migrations since they were looked at: plan again"
                break
            fi
            ;;
        end) end_session ;;
        backup) dump_database "$text" "$f3" || fail "no backup, so nothing was migrated: $wrong" ;;
        statement)
            begin_session || fail "cannot talk to the client"
            take "$f2" 2>/dev/null >&6
            finish "$f7" || {
                decode "$f5" && printf '%s\n' "$decoded" "$f6"
                fail "$f3: $f4: ${said:-the client $client ended}"
            }
            ;;
        tool)
            seconds=$f3
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
