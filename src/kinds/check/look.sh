# The form is http, tcp, command or none; within are the seconds to wait, every those between looks; what more there is depends on the
# form. Of http more are further expectations: contains, with a text, and json, with a path and a token.
columns form within every more

# look ROW: looks once; call it in a subshell. Writes a line for each expectation, with its number, ok or bad, and what was seen; or one line
# with the word answer, bad, and why there was none; or a line no-user or no-tool. What was seen is encoded and short.
look() {
    read_row "$1"
    case $form in
        http)
            columns config statuses more
            read_row "$more"
            look_http
            ;;
        tcp)
            columns host port
            read_row "$more"
            look_tcp "$host" "$port"
            ;;
        command)
            columns user text
            read_row "$more"
            look_command "$user" "$text"
            ;;
    esac
}

# seen NUMBER VERDICT TEXT: writes the line of an expectation.
seen() {
    encode "$(printf '%.200s' "$3")"
    printf '%s\n' "$1$US$2$US$encoded"
}

look_command() {
    if [ -n "$1" ] && ! id -u -- "$1" >/dev/null 2>&1; then
        echo no-user
        return
    fi
    decode "$2"
    said=$(as_user "$1" "$decoded" 2>&1)
    status=$?
    if [ "$status" = 0 ]; then
        seen 0 ok 0
    else
        said=${said##*"$NL"}
        seen 0 bad "$status${said:+ ($said)}"
    fi
}

# bash and python3 can open a connection themselves; of netcat there are too many kinds.
look_tcp() {
    if command -v bash >/dev/null && command -v timeout >/dev/null; then
        # shellcheck disable=SC2016 # bash expands them.
        said=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2" 2>&1)
        status=$?
        # BusyBox has the status of the signal.
        case $status in 124 | 143) said='no answer in 5 s' ;; esac
    elif command -v python3 >/dev/null; then
        said=$(python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$1" "$2" 2>&1)
        status=$?
    else
        echo no-tool
        return
    fi
    if [ "$status" = 0 ]; then
        seen 0 ok open
    else
        said=${said%%"$NL"bash: *}
        said=${said##*"$NL"}
        # Before it stand the shell, its line and the socket; Python names the exception.
        said=${said#"bash: line "*": "}
        said=${said#"bash: "} said=${said#"connect: "}
        seen 0 bad "${said#"/dev/tcp/$1/$2: "}"
    fi
}

look_http() {
    decode "$config"
    config=$decoded
    statuses=" $statuses "
    no_proxy=localhost,127.0.0.1,::1${no_proxy:+,$no_proxy}
    export no_proxy
    if command -v curl >/dev/null; then
        ask=ask_curl
    elif command -v python3 >/dev/null; then
        ask=ask_python
    else
        echo no-tool
        return
    fi
    # The first 64 KiB of head and body. Where there is no whole answer, what was said of it, and the marker at the end.
    answer=$(printf '%s\n' "$config" | { "$ask" || printf '%s' "$R"; } 2>/dev/null | tr -d '\000' | head -c 65536)
    case $answer in
        *"$R")
            answer=${answer%"$R"}
            # What curl says may stand right after half a body.
            case $answer in *'curl: ('*) answer="curl: (${answer##*'curl: ('}" ;; esac
            seen answer bad "${answer%%"$NL"*}"
            return
            ;;
    esac
    cr=$(printf '\r')
    status=
    while :; do
        case $answer in HTTP/*) ;; *) break ;; esac
        status=${answer#* }
        status=${status%%[!0-9]*}
        case $answer in
            *"$cr$NL$cr$NL"*) answer=${answer#*"$cr$NL$cr$NL"} ;;
            *) answer= ;;
        esac
        case $status in 1??) ;; *) break ;; esac
    done
    if [ -z "$status" ]; then
        seen answer bad "what answers does not speak HTTP"
        return
    fi
    case $statuses in
        *" $status "*) seen 0 ok "$status" ;;
        *) seen 0 bad "$status" ;;
    esac
    json=
    columns what number subject token more
    while [ -n "$more" ]; do
        read_row "$more"
        case $what in
            contains)
                decode "$subject"
                case $answer in
                    *"$decoded"*) seen "$number" ok "$decoded" ;;
                    *) seen "$number" bad "$answer" ;;
                esac
                ;;
            json)
                json=$json$number$US$subject$US$token$NL
                ;;
        esac
    done
    [ -z "$json" ] || printf '%s\n%s\n' "$json" "$answer" | look_json
}

ask_curl() {
    curl --disable --silent --show-error --globoff --include --suppress-connect-headers --max-time 5 --config - 2>&1
}

ask_python() {
    python3 -c '
import json, ssl, sys, urllib.error, urllib.request

url, headers, context = "", {}, ssl.create_default_context()
for line in sys.stdin.buffer.read().decode().split("\n"):
    name, _, value = line.partition(" = ")
    if name == "url":
        url = json.loads(value)
    elif name == "header":
        key, _, value = json.loads(value).partition(": ")
        headers[key] = value
    elif name == "insecure":
        context = ssl._create_unverified_context()

class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None

opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=context))
try:
    try:
        answer = opener.open(urllib.request.Request(url, headers=headers), timeout=5)
    except urllib.error.HTTPError as error:
        answer = error
    body = answer.read(65536)
    sys.stdout.buffer.write(b"HTTP/1.1 %d \r\n\r\n" % answer.code + body)
except Exception as error:
    print(getattr(error, "reason", error))
    sys.exit(1)
'
}

# Standard input: a line for each expectation (number, path, token, as encoded in the row), an empty line, the JSON text.
# Writes the lines of the expectations. A token is a letter, a colon and the value: s a string, n a number, b true, false or null, l a list with
# its length, m a mapping with its size. RFC 8259.
look_json() {
    awk -F "$US" -v unit="$US" -v mark="$FS" '
        !reading && $0 == "" { reading = 1; next }
        !reading { wanted[++count] = $1; path_of[count] = $2; token_of[count] = $3; next }
        { text = text $0 "\n" }

        function blank() {
            while ((char = substr(text, at, 1)) == " " || char == "\t" || char == "\n" || char == "\r") at++
        }
        function value(path, depth,    from) {
            if (depth > 200) broken = 1
            if (broken) return
            blank()
            if (char == "{") mapping(path, depth)
            else if (char == "[") list(path, depth)
            else if (char == "\"") put(path, "s:" string())
            else {
                from = at
                while ((char = substr(text, at, 1)) ~ /[-+.0-9A-Za-z]/) at++
                from = substr(text, from, at - from)
                if (from == "true" || from == "false" || from == "null") put(path, "b:" from)
                else if (from ~ /^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$/) put(path, "n:" from)
                else broken = 1
            }
        }
        function put(path, found) { token[encoded(path)] = encoded(found) }
        function below(path, key) { return path == "" ? key : path "." key }
        function mapping(path, depth,    size, key) {
            at++
            blank()
            while (!broken && char != "}") {
                if (char != "\"") { broken = 1; return }
                key = string()
                blank()
                if (char != ":") { broken = 1; return }
                at++
                value(below(path, key), depth + 1)
                size++
                blank()
                if (char == ",") { at++; blank(); if (char == "}") broken = 1 }
                else if (char != "}") broken = 1
            }
            at++
            put(path, "m:" (size + 0))
        }
        function list(path, depth,    size) {
            at++
            blank()
            while (!broken && char != "]") {
                value(below(path, size + 0), depth + 1)
                size++
                blank()
                if (char == ",") { at++; blank(); if (char == "]") broken = 1 }
                else if (char != "]") broken = 1
            }
            at++
            put(path, "l:" (size + 0))
        }
        function string(    out, code, low) {
            at++
            while ((char = substr(text, at, 1)) != "\"") {
                if (char == "") { broken = 1; return out }
                if (char != "\\") { out = out char; at++; continue }
                char = substr(text, at + 1, 1)
                at += 2
                if (char == "n") out = out "\n"
                else if (char == "t") out = out "\t"
                else if (char == "r") out = out "\r"
                else if (char == "b") out = out "\b"
                else if (char == "f") out = out "\f"
                else if (char != "u") out = out char
                else {
                    code = hex(substr(text, at, 4))
                    at += 4
                    if (code >= 55296 && code < 56320 && substr(text, at, 2) == "\\u") {
                        low = hex(substr(text, at + 2, 4))
                        code = 65536 + (code - 55296) * 1024 + low - 56320
                        at += 6
                    }
                    out = out utf8(code)
                }
            }
            at++
            return out
        }
        function hex(digits,    sum, i) {
            for (i = 1; i <= 4; i++) sum = sum * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
            return sum
        }
        function utf8(code) {
            if (code < 128) return sprintf("%c", code)
            if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
            if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
            return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, \
                128 + code % 64)
        }
        function encoded(text) {
            gsub(mark, mark "f", text)
            gsub("\n", mark "n", text)
            gsub(unit, mark "u", text)
            return text
        }
        function shown(token) {
            if (token ~ /^l:/) return "a list of " substr(token, 3)
            if (token ~ /^m:/) return "a mapping of " substr(token, 3)
            token = substr(token, 3, 200)
            sub(mark "$", "", token)
            return token
        }
        function same(a, b) {
            if (a == b) return 1
            return a ~ /^n:/ && b ~ /^n:/ && substr(a, 3) + 0 == substr(b, 3) + 0
        }
        END {
            at = 1
            value("", 0)
            blank()
            if (char != "") broken = 1
            for (i = 1; i <= count; i++) {
                path = path_of[i]
                if (broken) print wanted[i], "bad", "no JSON"
                else if (!(path in token)) print wanted[i], "bad", "nothing"
                else print wanted[i], (same(token[path], token_of[i]) ? "ok" : "bad"), shown(token[path])
            }
        }
    ' OFS="$US"
}
