# All units are unpacked in one folder beside the live ones, under their real names, and systemd-analyze looks at them
# there. Rows may have a field lenient: 1 where warnings are fine.
live=/etc/systemd/system
folder=$stage_0/0

new='' bases=''
list_new() {
    new=$new$staged$NL
    name=${path#"$live/"}
    case $name in */*) bases=$bases${name%.d/*}$NL ;; esac
}
each_staged list_new

# A drop-in is looked at with the unit it belongs to, the new one where that is among these.
looked_at='' old_bases=''
for file in $new; do
    case ${file#"$folder/"} in */*) ;; *) looked_at=$looked_at$file$NL ;; esac
done
for base in $bases; do
    case $base in *@.*) continue ;; esac
    if [ -f "$folder/$base" ]; then continue; fi
    old_bases=$old_bases$base$NL
done
if [ -n "$old_bases" ]; then
    looked_at=$looked_at$(systemctl show --no-pager --property=FragmentPath --value -- $old_bases)
fi
said=
if [ -n "$looked_at" ] && command -v systemd-analyze >/dev/null; then
    said=$(SYSTEMD_UNIT_PATH=$folder: systemd-analyze verify --man=no $looked_at 2>&1)
fi

# judge NAME LENIENT: sets $wrong to what is said against a file. That a program is still to come, or that a newer key
# should be used, is nothing against it.
judge() {
    wrong='' ignored='' fatal='' lines=''
    base=${1%.d/*}
    stem=${base%@*}
    for line in $said; do
        case $line in
            "$folder/$1:"*)
                line=${line#"$folder/"}
                lines=$lines${lines:+; }$line
                case $line in
                    *[Oo]bsolete* | *[Dd]eprecated* | *"no longer"* | *"not supported"*) ;;
                    # What systemd would leave out: a key it does not know, a value it cannot read.
                    *[Ii]gnoring*) ignored=$ignored${ignored:+; }$line ;;
                esac
                ;;
            "$base: "*Refusing* | "$stem@"*": "*Refusing*) fatal=1 lines=$lines${lines:+; }$line ;;
            "$base: "*fatal* | "$stem@"*": "*fatal* | "Unit $base has a bad "* | "Unit $stem@"*" has a bad "*) fatal=1 ;;
            "Unit $1 is masked.") fatal=1 lines="it is empty, and systemd takes an empty file for a masked unit" ;;
        esac
    done
    if [ -n "$fatal" ]; then
        wrong=${lines:-it has a bad setting}
    elif [ -z "$2" ]; then
        wrong=$ignored
    fi
}

refuse_if_wrong() {
    judge "${path#"$live/"}" "${lenient-}"
    [ -z "$wrong" ] || refuse "$1" "systemd-analyze says: $wrong; the file was not put in place"
}
each_staged refuse_if_wrong
