"""Usage: which product users there are, what is measured, and each customer's daily values."""
