"""A real object store for the tests of the command line."""

from tests.lake.machines import store

__all__ = ["store"]
