"""Today: who needs me, why, and what to do next; each decision answers with the list anew and an undo."""
