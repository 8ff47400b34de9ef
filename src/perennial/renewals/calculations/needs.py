"""What an open term asks for on a day: the most pressing thing, or nothing where it is merely due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from perennial.renewals.calculations.checkpoints import Standing
from perennial.renewals.terms import CAUSES, About, Category, Found, Need, Which


def need_of(
    due_on: date, on: date, *, stands: Standing | None, found: Mapping[About, Found], category: Category | None,
    has_late_step: bool,
) -> Need | None:  # fmt: skip
    """Return what an open term that is due on `due_on` asks for on `on`; None where nothing.

    `stands`: at the checkpoint that it reached last, None before both. A forecast at risk counts from the last
    checkpoint on, causes that nobody rated from halfway between it and the end: before that there is time. A term that
    we gave up (`Category.LOST`) asks for nothing more than for its paper. Source: method, renewal room.
    """
    if due_on <= on:
        return Need.LATE
    if category is Category.LOST:
        return None
    if any(found[cause].rating == -1 for cause in CAUSES if cause in found):
        return Need.WEAK
    is_near = stands is not None and stands.which is Which.LAST
    if is_near and category is Category.AT_RISK:
        return Need.AT_RISK
    if has_late_step:
        return Need.STEP
    if stands is not None and stands.is_overdue:
        return Need.CALL
    is_rated = any(found[cause].rating is not None for cause in CAUSES if cause in found)
    is_half = stands is not None and is_near and on - stands.since >= due_on - on
    return Need.UNRATED if is_half and not is_rated else None
