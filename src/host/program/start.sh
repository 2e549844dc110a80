# Row: the state folder and the name of the spec's ledger there, if one is kept. Records: "missing" and a program that is always needed, one for each that is not there; "foreign" where
# the folder belongs to another account, and then nothing else is read from it; "lock" and what the last run that changed the
# host wrote into its lock; "owed" and the name of a record of a restart or reload owed, with action and resource where it holds them
# whole; "machine" and its machine-id; "journal" and "ledger" and the fields of a line. No process, but one where there is a ledger.
required='awk base64 cat chmod chown cp dd env flock id ln mkdir mv printf rm rmdir sed setsid sha256sum sleep stat sync tar tr
uname xargs'
IFS=" $NL"
for tool in $required; do
    command -v "$tool" >/dev/null 2>&1 || printf '%s\n' "$R${US}0${US}missing$US$tool"
done
IFS=$NL
split_row "$ROWS"
if [ -e "$f1" ] && ! [ -O "$f1" ]; then
    emit 0 foreign "$f1"
    return 0
fi
if [ -f "$f1/lock" ] && IFS= read -r _line <"$f1/lock"; then
    printf '%s\n' "$R${US}0${US}lock$US$_line"
fi
set +f
for _file in "$f1"/owed/*; do
    [ -f "$_file" ] || continue
    # A line that does not end was not written whole.
    { IFS= read -r _line <"$_file"; } 2>/dev/null || _line=
    printf '%s\n' "$R${US}0${US}owed$US${_file##*/}$US$_line"
done
if [ -f /etc/machine-id ] && IFS= read -r _line </etc/machine-id; then
    printf '%s\n' "$R${US}0${US}machine$US$_line"
fi
[ -n "$f2" ] || return 0
# What a killed run noted; one that came to its end leaves none.
if [ -s "$f1/journal/$f2" ]; then
    while IFS= read -r _line; do
        printf '%s\n' "$R${US}0${US}journal$US$_line"
    done <"$f1/journal/$f2"
fi
# What identifies resources is asked for only where it is needed.
if [ -f "$f1/ledger/$f2" ]; then
    # One that is empty is none that a run has written.
    [ -s "$f1/ledger/$f2" ] || printf '%s\n' "$R${US}0${US}ledger$US"
    sed -e "s/$US{.*//" -e "s/^/$R${US}0${US}ledger$US/" "$f1/ledger/$f2"
fi
return 0
