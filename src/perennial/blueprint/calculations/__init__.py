"""Reading the blueprint's YAML into frozen rows, with errors that name file and place."""
