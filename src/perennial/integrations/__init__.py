"""Integrations: ways in from other systems."""
