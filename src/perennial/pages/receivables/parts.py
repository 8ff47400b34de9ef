"""Parts of an amount that were typed beside steps: `part-<step>` each."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.http import Http404, QueryDict

from perennial.contracts.collecting import Share
from perennial.kernel.money import parse_minor

PART = "part-"


def typed_in(given: QueryDict) -> dict[str, str]:
    """Return what was typed, by step; what was left empty is not there."""
    return {key.removeprefix(PART): text.strip() for key, text in given.items()
            if key.startswith(PART) and isinstance(text, str) and text.strip()}  # fmt: skip


def shares_of(typed: Mapping[str, str], currency: str) -> list[Share]:
    """Return the parts in minor units.

    :raises MoneyError: one is no amount.
    :raises Http404: one is of no step.
    """
    try:
        steps = {UUID(step): text for step, text in typed.items()}
    except ValueError as error:
        raise Http404 from error
    return [Share(step, parse_minor(text.replace(",", ""), currency)) for step, text in steps.items()]
