"""Support: tickets as the help desk knows them."""
