"""Jobs: all recurring work, and what follows from each journal entry."""
