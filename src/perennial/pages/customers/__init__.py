"""The customer list: its address, its cells, filters, saved views, bulk changes."""
