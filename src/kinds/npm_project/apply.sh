# Omitted are words with commas; install is 1, or "" to hand over only; scripts is 1 where those of packages run. npm runs as the owner.
columns path omit owner install scripts
read_row "$ROWS"

know_folders "$path"
works_alone "$owner" "$path" || say_why || exit
if [ -d "$path/node_modules" ]; then
    hand_over_at "$owner" "$path/node_modules" || say_why || exit
fi
[ -n "$install" ] || exit 0
command -v npm >/dev/null || {
    echo "npm is not on the host: add the packages nodejs and npm to the spec"
    exit 1
}
lock_file "$path" || {
    echo "there is no package-lock.json in $path: make one with npm install, and keep it with the code"
    exit 1
}
# The project's folder may be root's.
if [ -n "$owner" ] && ! [ -d "$path/node_modules" ] && is_closed "$path"; then
    mkdir -- "$path/node_modules" && chown -h -- "$owner": "$path/node_modules" || exit
fi
cache=/tmp/.infra-$run-npm-$$
note "$cache"
variables path omit scripts cache
# shellcheck disable=SC2016
as_user "$owner" "$data"'
    cd "$path" || exit
    rm -f node_modules/.infra-npm || exit
    export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_loglevel=error
    # An account that has no home of its own cannot keep what npm fetched.
    if ! mkdir -p "$HOME/.npm" 2>/dev/null || ! [ -w "$HOME/.npm" ]; then
        mkdir -m 0700 "$cache" || exit
        export npm_config_cache="$cache"
    fi
    set --
    IFS=,
    for word in $omit; do
        set -- "$@" --omit="$word"
    done
    [ -n "$scripts" ] || set -- "$@" --ignore-scripts
    npm ci "$@"
    status=$?
    [ -z "${npm_config_cache-}" ] || rm -rf "$cache"
    [ "$status" = 0 ] || exit "$status"
    mkdir -p node_modules
' 2>&1 || exit

hash "$lock" && was="lock=$hash omit=$omit abi=$(node -p process.versions.modules </dev/null)"
hash "$path/node_modules/.package-lock.json" && was="$was npm=$hash"
names "$path"
record=$was$NL$names
note "$path/node_modules/.infra-$run-record"
variables path record run
# shellcheck disable=SC2016
as_user "$owner" "$data"'
    printf "%s\n" "$record" >"$path/node_modules/.infra-$run-record" &&
        mv -f "$path/node_modules/.infra-$run-record" "$path/node_modules/.infra-npm"
'
