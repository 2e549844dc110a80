# Wanted: a version, "" for any; same, or differs. One npm and one node, however many rows.
# Record: "absent"
# Record: "no-npm"
# Record: "present", same, version
columns name wanted
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    i=0
    for row in $ROWS; do
        emit "$i" no-npm
        i=$((i + 1))
    done
    return 0
fi
folder=$(npm root --global) || return
names=
for row in $ROWS; do
    read_row "$row"
    names=$names$name$NL
done
versions=$(
    node -e '
        const fs = require("fs"), path = require("path")
        const [folder, ...names] = process.argv.slice(1)
        for (const name of names) {
            let text = ""
            try {
                text = fs.readFileSync(path.join(folder, name, "package.json"), "utf8")
            } catch (error) {
                if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error
            }
            console.log("v" + (text && (JSON.parse(text).version || "0")))
        }
    ' "$folder" $names
) || return
set -- $versions
i=0
for row in $ROWS; do
    read_row "$row"
    version=${1#v}
    shift
    case $version in
        '') emit "$i" absent ;;
        *)
            same=differs
            # A version may be given by its beginning: 5 and 5.4 are 5.4.3 too.
            case $version in "$wanted" | "$wanted".*) same=same ;; esac
            [ -n "$wanted" ] || same=same
            emit "$i" present "$same" "$version"
            ;;
    esac
    i=$((i + 1))
done
