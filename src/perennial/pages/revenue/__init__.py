"""The Revenue page: months that reconcile, retention, and the way from each number to its customers."""
