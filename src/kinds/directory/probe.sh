# Row: path. Record: "absent", "denied", or type, owner, group, mode.
# A constant number of processes, however many rows.
emit_paths
