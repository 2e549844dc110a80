# Asks the guards once more and runs the command where they still ask for it.
read_command "$ROWS"
guard
case $guard in
    wanted) inside "$command" ;;
    done) item_unchanged 0 ;;
    no-container) item_failed 0 "the service $service of Docker Compose does not run" ;;
    no-user) item_failed 0 "the user $user does not exist" ;;
    no-directory) item_failed 0 "the folder $directory does not exist" ;;
esac
