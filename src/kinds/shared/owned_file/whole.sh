stage_files
give chown
give chmod
place_files
