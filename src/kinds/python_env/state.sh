# What an environment holds. Inside it, .infra-requirements says what was asked of it last and what was installed then,
# a line each: "> " and a line asked for in the spec, "| " and a line of the host's file, "= " and an installed package.

# installed PATH: sets $installed to the packages there, a line each: name-version, as its folder is called. What pip was
# about to remove starts with ~ and counts for nothing; so does what it was about to install: it writes RECORD last.
installed() {
    installed=
    set +f
    for found in "$1"/lib/python*/site-packages/[!~]*.dist-info; do
        [ -e "$found/RECORD" ] || continue
        found=${found##*/}
        installed=$installed${found%.dist-info}$NL
    done
    set -f
    installed=${installed%"$NL"}
}

# read_record PATH: sets $asked, $asked_file and $recorded; false where there is no record.
read_record() {
    asked='' asked_file='' recorded=''
    [ -s "$1/.infra-requirements" ] && [ -r "$1/.infra-requirements" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            '> '*) asked=$asked${line#> }$NL ;;
            '| '*) asked_file=$asked_file${line#| }$NL ;;
            '= '*) recorded=$recorded${line#= }$NL ;;
        esac
    done <"$1/.infra-requirements"
    asked=${asked%"$NL"} asked_file=${asked_file%"$NL"} recorded=${recorded%"$NL"}
}

# read_file PATH: sets $text to the lines of a file; false where it cannot be read.
read_file() {
    text=
    [ -f "$1" ] && [ -r "$1" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        text=$text$line$NL
    done <"$1"
    text=${text%"$NL"}
}
