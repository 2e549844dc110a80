# Record: no-curl; down and why; refused and why; absent; present, versioning (Enabled, Suspended or ""), policy as the
# server has it ("" for none, "-" where it was not asked for).
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
            emit "$i" down "$complaint"
            continue
            ;;
        *)
            complaint
            emit "$i" refused "$complaint"
            continue
            ;;
    esac
    element Status
    found=$element there=-
    if [ "$policy" != - ]; then
        request GET '?policy=' ''
        case $status in
            200) there=$answer ;;
            404) there= ;;
            *)
                complaint
                emit "$i" refused "$complaint"
                continue
                ;;
        esac
    fi
    emit "$i" present "$found" "$there"
done
