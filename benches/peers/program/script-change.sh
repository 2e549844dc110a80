# bash change SSH…: looks at the paths, sends the files that differ, and looks at those again, over one connection. It
# sends the list of paths with its size before it, gets what is there, sends an archive, gets what is there now.
set -eu -o pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

coproc HOST { "$@" '
    look() { xargs -s 1000000 stat -c "%n %F %u %g %a" <"$1"; sed "/\/d[0-9]$/d" "$1" | xargs -s 1000000 sha256sum; echo .; }
    work=$(mktemp -d)
    trap "rm -rf $work" EXIT
    IFS= read -r size
    dd iflag=fullblock,count_bytes bs=65536 count="$size" status=none >"$work/paths"
    look "$work/paths"
    tar -xvzp --same-owner -C / | sed "s,^,/," >"$work/paths"
    look "$work/paths"'; }
exec 5<&"${HOST[0]}" 6>&"${HOST[1]}"

answer() { while IFS= read -r line <&5 && [ "$line" != . ]; do printf '%s\n' "$line"; done; }

{ wc -c <paths; cat paths; } >&6
answer >"$work/found"
# Lines that are expected and were not found, less all but the path.
LC_ALL=C sort "$work/found" >"$work/sorted"
LC_ALL=C sort expected | LC_ALL=C comm -23 - "$work/sorted" | sed -E 's,^[0-9a-f]{64}  ,,; s, .*,,; s,^/,,' | sort -u >"$work/differing"
tar -cz --no-recursion --owner-map=owners --group-map=groups -C tree -T "$work/differing" >&6
exec 6>&-
eval "exec ${HOST[1]}>&-"
answer >"$work/now"
sort "$work/now" | comm -23 - <(sort expected) >"$work/wrong"
[ -s "$work/now" ] && ! [ -s "$work/wrong" ]
