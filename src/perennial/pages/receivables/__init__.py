"""Receivables: the list of open steps with its buckets and file, one step, and payments with their matches."""
