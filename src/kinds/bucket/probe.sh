# Enabled is Enabled, Suspended or ""; the policy is as the server has it, "" for none, "-" where it was not asked for.
# Record: "no-curl"
# Record: "absent"
# Record: "down", error
# Record: "refused", complaint
# Record: "present", enabled, granted
# Three requests for each bucket at most.
i=-1
for row in $ROWS; do
    i=$((i + 1))
    read_bucket "$row"
    if ! command -v curl >/dev/null; then
        emit "$i" no-curl
        continue
    fi
    request GET '?versioning=' ''
    case $status in
        200) ;;
        000)
            emit "$i" down "$error"
            continue
            ;;
        404)
            element Code
            if [ "$element" = NoSuchBucket ]; then
                emit "$i" absent
            else
                complaint
                emit "$i" refused "$complaint"
            fi
            continue
            ;;
        # A server that is starting says so.
        502 | 503)
            complaint
            error=$complaint
            emit "$i" down "$error"
            continue
            ;;
        *)
            complaint
            emit "$i" refused "$complaint"
            continue
            ;;
    esac
    element Status
    enabled=$element granted=-
    if [ "$policy" != - ]; then
        request GET '?policy=' ''
        case $status in
            200) granted=$answer ;;
            404) granted= ;;
            *)
                complaint
                emit "$i" refused "$complaint"
                continue
                ;;
        esac
    fi
    emit "$i" present "$enabled" "$granted"
done
