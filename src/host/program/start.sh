# Row: the state folder. Records: "missing" and a program that is always needed, one for each that is not there; action
# and resource, one for each restart or reload owed. No process.
required='awk base64 cat chmod chown cp dd env id ln mkdir mv printf rm rmdir sed setsid sha256sum sleep stat sync tar tr
uname xargs'
IFS=" $NL"
for tool in $required; do
    command -v "$tool" >/dev/null 2>&1 || printf '%s\n' "$R${US}0${US}missing$US$tool"
done
IFS=$NL
split_row "$ROWS"
set +f
for _file in "$f1"/owed/*; do
    [ -f "$_file" ] || continue
    if IFS= read -r _line <"$_file"; then
        IFS=$US
        set -- $_line
        IFS=$NL
        printf '%s\n' "$R${US}0$US${1-}$US${2-}"
    fi
done
