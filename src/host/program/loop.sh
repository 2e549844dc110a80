exec 3<&0 </dev/null;
echo "infra:$1:$$ $(command -v dd) $(command -v printf)";
while IFS= read -r size <&3; do
    frame=$(dd bs="$size" count=1 iflag=fullblock <&3 2>/dev/null);
    case $frame in
        *": whole") eval "$frame" ;;
        *) exit 98 ;;
    esac;
    frame=;
done
