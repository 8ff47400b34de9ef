"""Renewals: which terms end when, and what became of them."""
