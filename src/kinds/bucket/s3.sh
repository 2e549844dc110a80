# Talks S3 with curl. Every field of a request, the secret key too, reaches curl over its standard input.
# The endpoint has no slash at its end; versioning is Enabled, Suspended or ""; the policy is JSON, "" for none, "-" where it is left
# alone; the task is what to do.
columns bucket endpoint region access_key secret_key versioning policy task
# read_bucket ROW: sets the fields of a row as variables.
read_bucket() {
    read_row "$1"
    decode "$access_key" && access_key=$decoded
    decode "$secret_key" && secret_key=$decoded
    decode "$policy" && policy=$decoded
}

# curl_quoted TEXT: sets $curl_quoted to the text as curl's configuration has it between quotes.
curl_quoted() {
    curl_quoted=
    _left=$1
    while :; do
        case $_left in
            *[\\\"]*)
                _head=${_left%%[\\\"]*}
                _left=${_left#"$_head"}
                case $_left in
                    \\*) curl_quoted="$curl_quoted$_head\\\\" ;;
                    *) curl_quoted="$curl_quoted$_head\\\"" ;;
                esac
                _left=${_left#?}
                ;;
            *)
                curl_quoted=$curl_quoted$_left
                return 0
                ;;
        esac
    done
}

# request METHOD QUERY BODY: sets $status to the answer's (000 where there is none), $answer to its text, $error to what
# curl said.
request() {
    _config="silent${NL}show-error${NL}max-time = 30${NL}connect-timeout = 5${NL}globoff$NL"
    curl_quoted "$endpoint/$bucket$2"
    _config="${_config}url = \"$curl_quoted\"${NL}request = \"$1\"$NL"
    curl_quoted "$access_key:$secret_key"
    _config="${_config}user = \"$curl_quoted\"$NL"
    curl_quoted "aws:amz:$region:s3"
    _config="${_config}aws-sigv4 = \"$curl_quoted\"$NL"
    _sum=$(printf '%s' "$3" | sha256sum)
    _config="${_config}header = \"x-amz-content-sha256: ${_sum%% *}\"$NL"
    if [ -n "$3" ]; then
        curl_quoted "$3"
        _config="${_config}data-binary = \"$curl_quoted\"${NL}header = \"Content-Type: application/octet-stream\"$NL"
    fi
    _config="${_config}write-out = \"\\n%{http_code}\"$NL"
    answer=$(printf '%s' "$_config" | curl --disable --config - 2>&1)
    status=${answer##*"$NL"}
    answer=${answer%"$NL"*}
    error=
    [ "$status" != 000 ] || error=$answer
}

# element NAME: sets $element to the text of the first XML element of that name in the answer.
element() {
    case $answer in
        *"<$1>"*"</$1>"*)
            element=${answer#*"<$1>"}
            element=${element%%"</$1>"*}
            ;;
        *) element= ;;
    esac
}

# complaint: sets $complaint to what the server said.
complaint() {
    element Code
    complaint=$element
    element Message
    complaint="status $status${complaint:+, $complaint}${element:+: $element}"
}
