"""Demo: an invented company with two years of history and stories to find, written through the doors of an import."""
