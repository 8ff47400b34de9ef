"""The fixtures of a write key at work, of a customer file, and of browsers on a test module's day."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.intake.sending import admin, fresh, known, web
from tests.pages.customer_file import place

from perennial.kernel.organisation.models import Organisation

__all__ = ["admin", "fresh", "known", "place", "web"]


@pytest.fixture
def browser(request: pytest.FixtureRequest, member: Callable[..., int]) -> Callable[..., Client]:
    """Return a maker of signed-in browsers, by role (the module's ROLE, else an analyst), on the module's TODAY."""
    Organisation.objects.update(as_of_on=request.module.TODAY)
    usual = getattr(request.module, "ROLE", "analyst")

    def of(role: str = usual, member_id: int | None = None) -> Client:
        return signed_in(member_id or member(role))

    return of
