"""API: version 1, the same rows as the pages."""
