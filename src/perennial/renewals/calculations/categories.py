"""Which forecast category a term is in: derived from its probability, moved by one step where somebody says why."""

from __future__ import annotations

from perennial.renewals.terms import Category

COMMIT_FROM, BEST_CASE_FROM = 0.90, 0.70


def derived(p: float, *, has_veto: bool) -> Category:
    """Return the category of a probability (analytics 4): commit from .90 where no veto is open, best case from .70."""
    if p >= COMMIT_FROM and not has_veto:
        return Category.COMMIT
    return Category.BEST_CASE if p >= BEST_CASE_FROM else Category.AT_RISK


def one_step_from(category: Category) -> tuple[Category, ...]:
    """Return where a term of this category may be moved: the category above and the one below."""
    order = list(Category)
    at = order.index(category)
    return tuple(order[place] for place in (at - 1, at + 1) if 0 <= place < len(order))


def in_force(model: Category, called: Category | None) -> Category:
    """Return the category that counts: the call while it is within one step of the model's, else the model's.

    A call that the model has moved away from by more than a step has lapsed: it must be made anew, with a reason.
    """
    return called if called is not None and called in one_step_from(model) else model
