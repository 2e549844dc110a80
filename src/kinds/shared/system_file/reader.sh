# find_reader PROGRAM…: a record for the first row where none of these is there to read the files.
# Record: "no-reader"
find_reader() {
    for reader do
        ! command -v "$reader" >/dev/null || return 0
    done
    emit 0 no-reader
}
