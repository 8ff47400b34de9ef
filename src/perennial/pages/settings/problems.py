"""What is wrong with a text of the blueprint, said in the reader's language, with the line where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from perennial.blueprint.terms import BlueprintError

OF_CONDITIONS = (
    gettext_noop("a number is wanted"),
    gettext_noop("a whole number is wanted"),
    gettext_noop("a day such as 2026-03-31 is wanted"),
    gettext_noop("true or false is wanted"),
    gettext_noop("two values are wanted, the lower first"),
    gettext_noop("a list is wanted"),
    gettext_noop("is missing"),
    gettext_noop("an empty any would match nobody"),
    gettext_noop("exactly one of all, any, not, or a field with its op, is wanted"),
    gettext_noop("only field, op and value belong to a condition"),
)
"""What the reader of conditions says (kernel/conditions), marked here for the catalogues."""


@dataclass(frozen=True)
class Problem:
    """A mistake: its line (None: the text as a whole), its place, what is wanted there, and the line itself."""

    line: int | None
    place: str
    said: str
    excerpt: str


def of(error: BlueprintError, text: str) -> Problem:
    """Return a mistake as the page shows it."""
    said = gettext(error.problem)
    lines = text.splitlines()
    is_there = error.line is not None and 0 < error.line <= len(lines)
    return Problem(
        line=error.line,
        place=error.place,
        said=said % error.values if error.values else said,
        excerpt=lines[error.line - 1].strip()[:200] if is_there and error.line else "",
    )
