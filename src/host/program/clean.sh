PATH=$2;
exec env -i "PATH=$2" LC_ALL=C "HOME=${HOME:-/}" "USER=${USER:-$(id -un)}" "LOGNAME=${LOGNAME:-$(id -un)}"
    ${SHELL:+"SHELL=$SHELL"}
    ${XDG_RUNTIME_DIR:+"XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"}
    ${XDG_STATE_HOME:+"XDG_STATE_HOME=$XDG_STATE_HOME"}
    ${DBUS_SESSION_BUS_ADDRESS:+"DBUS_SESSION_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS"}
    ${SSH_CONNECTION:+"SSH_CONNECTION=$SSH_CONNECTION"}
    ${SSH_AUTH_SOCK:+"SSH_AUTH_SOCK=$SSH_AUTH_SOCK"}
    ${http_proxy:+"http_proxy=$http_proxy"}
    ${https_proxy:+"https_proxy=$https_proxy"}
    ${no_proxy:+"no_proxy=$no_proxy"}
    ${HTTP_PROXY:+"HTTP_PROXY=$HTTP_PROXY"}
    ${HTTPS_PROXY:+"HTTPS_PROXY=$HTTPS_PROXY"}
    ${NO_PROXY:+"NO_PROXY=$NO_PROXY"}
    "$3" -c "$0" infra "$1" "$2"
