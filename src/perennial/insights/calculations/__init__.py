"""Pure arithmetic of insights."""
