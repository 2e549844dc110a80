# Row: path, mode, size of its content on standard input ("-" where the content stays), SHA-256 of it, 1 where warnings
# are fine.
# All files are written into one folder beside the live ones, under their real names, looked at there by
# systemd-analyze, and renamed; then systemd reads them, once.
live=/etc/systemd/system
folder=$live/.infra-units
unit_list=/run/infra-daemon-reload
# What a killed run left.
rm -rf -- "$folder"
(umask 077; mkdir -p -- "$folder") || exit
trap 'rm -rf -- "$folder"' EXIT

bad= # indexes between colons
fail() {
    bad=$bad:$1:
    item_failed "$1" "$2"
}

i=-1 new='' bases=''
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) name=${f1#"$live/"}
    [ "$f3" != - ] || continue
    case $name in
        */*) bases=$bases${name%.d/*}$NL && mkdir -p -- "$folder/${name%/*}" ;;
    esac
    if ! message=$(umask 077; : 2>&1 >"$folder/$name"); then
        take "$f3" >/dev/null
        fail "$i" "cannot write beside it: $message"
        continue
    fi
    if ! take "$f3" >"$folder/$name"; then
        fail "$i" "cannot write its content; is the disk full?"
        continue
    fi
    sum=$(sha256sum <"$folder/$name")
    if [ "${sum%% *}" != "$f4" ]; then
        fail "$i" "its content did not arrive whole; is the disk full?"
        continue
    fi
    new=$new$folder/$name$NL
done

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
    wrong='' ignored='' refused='' lines=''
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
            "$base: "*Refusing* | "$stem@"*": "*Refusing*) refused=1 lines=$lines${lines:+; }$line ;;
            "$base: "*fatal* | "$stem@"*": "*fatal* | "Unit $base has a bad "* | "Unit $stem@"*" has a bad "*) refused=1 ;;
            "Unit $1 is masked.") refused=1 lines="it is empty, and systemd takes an empty file for a masked unit" ;;
        esac
    done
    if [ -n "$refused" ]; then
        wrong=${lines:-it has a bad setting}
    elif [ -z "$2" ]; then
        wrong=$ignored
    fi
}

i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) name=${f1#"$live/"}
    case $bad in *:$i:*) continue ;; esac
    if [ "$f3" = - ]; then
        file=$f1
    else
        file=$folder/$name
        judge "$name" "$f5"
        if [ -n "$wrong" ]; then
            fail "$i" "systemd-analyze says: $wrong; the file was not put in place"
            continue
        fi
    fi
    if ! message=$(chown -- root:root "$file" 2>&1 && chmod -- "$f2" "$file" 2>&1); then
        fail "$i" "$message"
    fi
done

[ -z "$new" ] || sync -- $new 2>/dev/null || sync
i=-1
for row in $ROWS; do
    split_row "$row"
    i=$((i + 1)) name=${f1#"$live/"}
    case $bad in *:$i:*) continue ;; esac
    [ "$f3" != - ] || continue
    case $name in */*) mkdir -p -- "${f1%/*}" ;; esac
    printf '%s\n' "$f1" >>"$unit_list" || exit
    if ! message=$(mv -f -T -- "$folder/$name" "$f1" 2>&1); then
        fail "$i" "$message"
    fi
done
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload && rm -f -- "$unit_list"
