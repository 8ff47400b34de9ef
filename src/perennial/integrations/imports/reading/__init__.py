"""Reading: files as people have them become sources, columns and rows of text, in a child process with limits."""
