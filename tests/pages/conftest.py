"""The fixtures of a write key at work."""

from tests.intake.sending import admin, fresh, known, web

__all__ = ["admin", "fresh", "known", "web"]
