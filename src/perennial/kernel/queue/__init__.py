"""Queue: work that outlives a request: leased, fenced, retried with back-off, in the records database."""
