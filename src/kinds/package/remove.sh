package_manager
case $manager in
    apt) apt_remove ;;
    *)
        echo "the package manager of the host is $manager, not apt"
        exit 1
        ;;
esac
