# What to do: create, change or delete.
i=-1
# made MESSAGE: says that the request before was not answered well.
fail() {
    complaint
    item_failed "$i" "$1: ${error:-$complaint}"
}
for row in $ROWS; do
    i=$((i + 1))
    read_bucket "$row"
    if ! command -v curl >/dev/null; then
        item_failed "$i" "curl is not on the host: add the package curl to the spec"
        continue
    fi
    case $task in
        delete)
            request DELETE '' ''
            case $status in
                200 | 204 | 404) ;;
                409) item_failed "$i" "the bucket is not empty, and is left alone: delete its objects first" ;;
                *) fail "the bucket was not deleted" ;;
            esac
            continue
            ;;
        create)
            body=
            # The first region of all is the one that may not be named.
            [ "$region" = us-east-1 ] ||
                body="<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>$region</LocationConstraint></CreateBucketConfiguration>"
            # What provides the endpoint may have been started a moment ago.
            tries=20
            while :; do
                request PUT '' "$body"
                case $status in
                    000 | 502 | 503) ;;
                    *) break ;;
                esac
                tries=$((tries - 1))
                [ "$tries" -gt 0 ] || break
                sleep 1
            done
            case $status in
                200) ;;
                *)
                    fail "the bucket was not made"
                    continue
                    ;;
            esac
            ;;
    esac
    if [ -n "$versioning" ]; then
        request PUT '?versioning=' "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>$versioning</Status></VersioningConfiguration>"
        if [ "$status" != 200 ]; then
            fail "versioning was not set"
            continue
        fi
    fi
    case $policy in
        -) ;;
        '')
            request DELETE '?policy=' ''
            case $status in 200 | 204 | 404) ;; *) fail "the policy was not removed" ;; esac
            ;;
        *)
            request PUT '?policy=' "$policy"
            case $status in 200 | 204) ;; *) fail "the policy was not set" ;; esac
            ;;
    esac
done
