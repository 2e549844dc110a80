# bash change SSH…: looks at the host, sends the files that differ, and looks at those again, over one connection. It sends
# the program that looks with its size before it, gets what is there, sends an archive, gets what is there now.
set -eu -o pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

coproc HOST { "$@" '
    work=$(mktemp -d)
    trap "rm -rf $work" EXIT
    IFS= read -r size
    eval "$(dd iflag=fullblock,count_bytes bs=64K count="$size" status=none)"
    echo .
    tar -xvzp --same-owner -C / | sed "s,^,/," >"$work/paths"
    xargs -s 1000000 stat -c "%n %F %u %g %a" <"$work/paths"
    sed "/\/d[0-9]$/d" "$work/paths" | xargs -s 1000000 sha256sum
    echo .'; }
exec 5<&"${HOST[0]}" 6>&"${HOST[1]}"

answer() { while IFS= read -r line <&5 && [ "$line" != . ]; do printf '%s\n' "$line"; done; }

{ wc -c <observe; cat observe; } >&6
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
