"""Customers: the tree of companies, their identities, contacts, owners, the field catalogue and the portfolio row."""
