# The python is the interpreter; make is "new" to make it or make it anew; packages is "install" or "restore"; the file is one of
# requirements on the host, wanted are the others; unwanted are packages to uninstall, missing those to bring back (name==version, a
# line each); upgrade is "upgrade" for pip; the index is the address of the package index.
# All that happens inside the environment is done by its owner, who finds the data in variables of the same names.
columns path python owner make packages file wanted unwanted missing upgrade index
read_row "$ROWS"
decode "$wanted" && wanted=$decoded
decode "$unwanted" && unwanted=$decoded
decode "$missing" && missing=$decoded
decode "$index" && index=$decoded
know_folders "${path%/*}/"

# Prints what was recorded and is not needed any more: neither asked for, nor by what is asked for, nor a tool of pip.
# Prints nothing where a line cannot be told to name a package. PEP 508 says what a line and a marker are.
orphans='
import os, re, sys

try:
    from importlib import metadata
    from pip._vendor.packaging.requirements import Requirement
except ImportError:
    sys.exit()

def canonical(name):
    return re.sub("[-_.]+", "-", name).lower()

def holds(marker, extras):
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})

queue = []
for path in sys.argv[1:]:
    for line in open(path, encoding="utf-8").read().replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line.startswith(("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--pre", "-c", "-i", "-f")):
            continue
        line = re.sub(r"\s--?\w.*", "", line)
        if line:
            try:
                needed = Requirement(line)
            except Exception:
                sys.exit()
            if holds(needed.marker, ()):
                queue.append((canonical(needed.name), frozenset(needed.extras)))

there = {canonical(found.metadata["Name"] or ""): found for found in metadata.distributions()}
seen = set()
while queue:
    name, extras = queue.pop()
    if (name, extras) in seen:
        continue
    seen.add((name, extras))
    for line in there[name].requires or () if name in there else ():
        needed = Requirement(line)
        if holds(needed.marker, extras | {""}):
            queue.append((canonical(needed.name), frozenset(needed.extras)))

keep = {name for name, _ in seen} | {"pip", "setuptools", "wheel"}
for line in os.environ["recorded"].split("\n"):
    name = canonical(line.rpartition("-")[0])
    if name in there and name not in keep:
        print(name)
'

# prefixed PREFIX TEXT: sets $prefixed to its lines with that in front.
prefixed() {
    prefixed=
    [ -n "$2" ] || return 0
    rest=$2$NL
    while [ -n "$rest" ]; do
        prefixed=$prefixed$1${rest%%"$NL"*}$NL
        rest=${rest#*"$NL"}
    done
}

# What stands in single quotes below is for the owner's shell.
# shellcheck disable=SC2016
make_new() {
    make_way "$path" || say_why || return
    # What root once installed there, the owner could not change.
    hand_over_at "$owner" "$path" || say_why || return
    variables path python
    # The marker goes last, so that an environment half made is known as ours.
    as_user "$owner" "$data"'
        command -v "$python" >/dev/null || {
            echo "the interpreter $python is not on the host: add its package to the spec"
            exit 1
        }
        "$python" -c "import venv, ensurepip" 2>/dev/null || {
            echo "$python cannot make environments: on Debian and Ubuntu add the package python3-venv to the spec"
            exit 1
        }
        : >"$path/.infra-requirements" || exit
        find "$path" -mindepth 1 -maxdepth 1 ! -name .infra-requirements -exec rm -rf -- {} + || exit
        "$python" -m venv "$path"
    '
}

# shellcheck disable=SC2016
change_packages() {
    recorded=
    if [ "$packages" = install ]; then
        read_record "$path"
    fi
    note "$path/.infra-$run-asked"
    variables path file wanted unwanted missing recorded upgrade index orphans run
    as_user "$owner" "$data"'
        [ -z "$index" ] || export PIP_INDEX_URL="$index"
        export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off recorded
        pip() { "$path/bin/python3" -m pip "$@"; }
        IFS="
"
        set -f
        asked=$path/.infra-$run-asked
        printf "%s\n" "$wanted" >"$asked" || exit
        # What pip was killed at it would take for installed.
        set +f
        for found in "$path"/lib/python*/site-packages/*.dist-info; do
            [ ! -d "$found" ] || [ -e "$found/RECORD" ] || rm -rf -- "$found"
        done
        set -f
        pip --version >/dev/null 2>&1 || "$path/bin/python3" -m ensurepip || exit
        [ -z "$unwanted" ] || pip uninstall --yes $unwanted || exit
        # What is on no index is brought back by the requirements, or the next look tells.
        [ -z "$missing" ] || pip install --no-deps $missing
        [ -z "$upgrade" ] || pip install --upgrade pip || exit
        set -- "$asked" ${file:+"$file"}
        pip install -r "$asked" ${file:+-r} ${file:+"$file"} || exit
        if [ -n "$recorded" ]; then
            unwanted=$("$path/bin/python3" -c "$orphans" "$@") || exit
            [ -z "$unwanted" ] || pip uninstall --yes $unwanted || exit
        fi
        rm -f -- "$asked"
    ' 2>&1
    printf '\n%s\n' "$R$?"
}

# Shows what pip says, looks in it for the network, and ends as pip did.
show() {
    status=1 network=
    while IFS= read -r line; do
        case $line in
            '') continue ;;
            "$R"*)
                status=${line#"$R"}
                continue
                ;;
            *'onnection broken by'* | *'emporary failure in name resolution'* | *NewConnectionError*) network=1 ;;
        esac
        printf '%s\n' "$line"
    done
    if [ "$status" != 0 ] && [ -n "$network" ]; then
        echo 'the host does not reach the package index: give it a way there, or set index_url to one that it reaches'
    fi
    return "$status"
}

# shellcheck disable=SC2016
write_record() {
    record="# What was asked of this environment, and what was installed then. Written by infra.$NL"
    prefixed '> ' "$wanted"
    record=$record$prefixed
    if [ -n "$file" ]; then
        # Read by who may: it may be a link by now.
        variables file
        # shellcheck disable=SC2016
        text=$(as_user "$owner" "$data"'cat -- "$file"') || return
        prefixed '| ' "$text"
        record=$record$prefixed
    fi
    installed "$path"
    prefixed '= ' "$installed"
    record=$record$prefixed
    note "$path/.infra-$run-record"
    variables path record run
    as_user "$owner" "$data"'
        printf "%s" "$record" >"$path/.infra-$run-record" &&
            mv -f -T -- "$path/.infra-$run-record" "$path/.infra-requirements"
    '
}

works_alone "$owner" "$path" || say_why || exit
if [ -n "$make" ]; then
    make_new || exit
else
    hand_over_at "$owner" "$path" || say_why || exit
fi
[ -n "$packages" ] || exit 0
change_packages | show || exit
[ "$packages" != install ] || write_record
