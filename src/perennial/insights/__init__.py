"""Insights: hindsight over many customers, such as how long they stay and what that is worth. Its figures come from the
ledger, carry an interval, and feed no score."""
