"""Plain programs that do the least that would do, to measure ours against."""
