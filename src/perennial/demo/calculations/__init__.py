"""The pure generator of the demo: the same company, seed, size and day give the same rows; nothing reads a clock."""
