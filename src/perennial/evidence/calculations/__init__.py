"""Arithmetic of evidence: pure, floats of statistics, never money."""
