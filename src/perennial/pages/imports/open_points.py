"""What is still to be said on the mapping's page before the files can be checked: each point, and where it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Point:
    """A thing that is open: in which file, what it is, and the element of the page where it is answered."""

    file: str
    text: str
    at: str


def of(card: Mapping[str, Any]) -> Iterator[Point]:
    """Yield what is open of a card as the template shows it (`shown.card`), from top to bottom. No query."""
    if card.get("is_left"):
        return
    at, file = card["at"], card["card"].source.file
    for name in card["missing"]:
        text = _("“%(field)s” is needed: choose the column that holds it.") % {"field": name}
        yield Point(file, text, f"{at}-kind")
    for row in card["rows"]:
        if row["choices"] and not row["reading"]:
            text = _("How are the dates in “%(column)s” written?") % {"column": row["column"].name}
            yield Point(file, text, f"{row['at']}-asked")
    asked = {
        "amounts": ("amount_is", _("What is the amount of a line for?")),
        "units": ("amount_per", _("Is that for the whole quantity of a line, or for one of it?")),
        "ends": ("end_is", _("What does the end date mean?")),
    }
    for key, (name, text) in asked.items():
        found = card.get(key)
        if found and found["is_open"]:
            yield Point(file, text, f"{at}-{name}-asked")
