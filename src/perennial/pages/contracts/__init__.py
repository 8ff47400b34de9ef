"""Contracts: the page of one, with its lines over time, and the forms by which its lines are changed."""
