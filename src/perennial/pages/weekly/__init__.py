"""The weekly meeting: its address, its words, its table with the file of what is shown, and its views."""
