# After what looks at the files: a record "no-logrotate" for the first row where nothing would read them.
command -v logrotate >/dev/null || emit 0 no-logrotate
