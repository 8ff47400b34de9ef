"""Lifecycle: tier and stage, derived from contracts and never typed in, with entry and exit recorded."""
