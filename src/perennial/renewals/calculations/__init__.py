"""The arithmetic of renewals: pure, no Django, no database, no clock."""
