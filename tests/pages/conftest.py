"""The fixtures of a write key at work, and of a customer file."""

from tests.intake.sending import admin, fresh, known, web
from tests.pages.customer_file import place

__all__ = ["admin", "fresh", "known", "place", "web"]
