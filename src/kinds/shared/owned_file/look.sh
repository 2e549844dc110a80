# Row: path, SHA-256 wanted ("" where none is known), largest size fetched in bytes, then what the kind adds.
# Record: "absent", "denied", or type, owner, group, mode, size, SHA-256. Where a file's hash is not the one wanted, a
# second record: "content", base64.
# A constant number of processes, and one base64 for each content that differs.
emit_files
