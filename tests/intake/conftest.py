"""The fixtures of a write key at work, and a real object store."""

from tests.intake.sending import admin, fresh, known, web
from tests.lake.machines import store

__all__ = ["admin", "fresh", "known", "store", "web"]
