"""The cells of the customer list, written as text: 50 rows of ten cells are too many for a template each.

Everything that people or sources wrote is escaped; unknown is a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape  # Django's own looks for lazy text first, which costs three times as much
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from perennial.customers.catalogue import FIELDS, Field, Unit
from perennial.customers.models import PortfolioRow
from perennial.pages import tags

Writer = Callable[[PortfolioRow], str]

NUMERIC = frozenset({Unit.MONEY, Unit.NUMBER, Unit.POINTS, Unit.RATIO, Unit.DAYS})
KEPT_NARROW = frozenset({"name", "band", "arr", "stage", "owner"})
BEHIND = frozenset({
    "last_touch_on", "health_fell_on", "oldest_overdue_on", "champion_left_on", "checkpoint_due_on", "usage_fell_on",
    "champion_silent_on", "users_silent_on",
})  # fmt: skip
SHORT_NAME = 24
BANDS = {
    "green": ("good", '<circle cx="5" cy="5" r="4.5"/>'),
    "yellow": ("watch", '<path d="M5 .3 9.7 5 5 9.7.3 5z"/>'),
    "red": ("bad", '<path d="M5 .8 10 9.4H0z"/>'),
}


def is_numeric(field: Field) -> bool:
    return field.unit in NUMERIC


class Cells:
    """Writes the rows of one page: its columns, the words of its choices, its as-of day."""

    def __init__(self, columns: Sequence[str], words: Mapping[str, Mapping[str, str]], today: date) -> None:
        self.words, self.today = words, today
        self._days: dict[date, str] = {}
        self._people: dict[int, str] = {}
        self._band_words = {key: escape(words["band"].get(key, key)) for key in ("green", "yellow", "red", "grey")}
        self._file = reverse("customer", args=["KEY"])
        self._select = escape(gettext("Select %(name)s"))
        self._writers = [(_classes(FIELDS[key]), self._writer(key)) for key in columns]

    def rows(self, rows: Sequence[PortfolioRow]) -> SafeString:
        """Return the body of the table."""
        return mark_safe("".join(map(self._row, rows)))  # noqa: S308 - every part is escaped where it is written

    def _row(self, row: PortfolioRow) -> str:
        cells = "".join([f"<td{classes}>{write(row)}</td>" for classes, write in self._writers])
        label = self._select % {"name": escape(row.name)}
        return (
            f'<tr data-row><td class="pick"><input type="checkbox" name="row" value="{row.key}" data-key="x" '
            f'aria-label="{label}"></td>{cells}</tr>\n'
        )

    def _writer(self, key: str) -> Writer:
        field = FIELDS[key]
        special: dict[str, Writer] = {"name": self._name, "band": self._band, "owner": self._owner, "parent": _parent,
                                      "next_step": _step}  # fmt: skip
        if key in special:
            return special[key]
        value = _value_of(field)
        match field.unit:
            case Unit.MONEY:
                return lambda row: tags.money(value(row), row.currency)
            case Unit.DAY:
                return lambda row: self._day(value(row), behind=key in BEHIND)
            case Unit.RATIO:
                return lambda row: tags.percent(value(row))
            case Unit.FLAG:
                return lambda row: self._word(key, "yes" if value(row) else "no")
            case Unit.TAGS:
                return lambda row: _tags(value(row))
            case Unit.POINTS | Unit.NUMBER | Unit.DAYS:
                return lambda row: _number(value(row))
        return lambda row: tags.UNKNOWN if value(row) is None else self._word(key, value(row))

    def _name(self, row: PortfolioRow) -> str:
        """Write the name; a long one, which may be cut off, is read whole by pointing at it or by moving to its row."""
        name = escape(row.name)
        title = f' title="{name}"' if len(row.name) > SHORT_NAME else ""
        return f'<a class="clip" href="{self._file.replace("KEY", row.key)}"{title}>{name}</a>'

    def _band(self, row: PortfolioRow) -> str:
        if row.band not in BANDS:
            word = self._band_words["grey"]
            return (
                f'<span class="band none"><svg viewBox="0 0 10 10" role="img" aria-label="{word}">'
                f'<path d="M0 4h10v2H0z"/></svg></span>'
            )
        tone, shape = BANDS[row.band]
        score = "" if row.score is None else f"{row.score:.1f}"
        return (
            f'<span class="band {tone}"><svg viewBox="0 0 10 10" role="img" aria-label="{self._band_words[row.band]}">'
            f"{shape}</svg>{score}{line(row.scores_13w, tone)}</span>"
        )

    def _owner(self, row: PortfolioRow) -> str:
        if row.owner is None or row.owner_id is None:
            return f'<span class="muted">{escape(gettext("Nobody"))}</span>'
        if row.owner_id not in self._people:
            name = row.owner.name
            self._people[row.owner_id] = (
                f'<span class="person"><span class="ava {tags.hue(name)}" aria-hidden="true">'
                f'{escape(tags.initials(name))}</span><span class="clip">{escape(name)}</span></span>'
            )
        return self._people[row.owner_id]

    def _day(self, on: date | None, *, behind: bool) -> str:
        if on is None:
            return tags.UNKNOWN
        if on not in self._days:
            self._days[on] = tags.day(on)
        if not behind:
            return self._days[on]
        return f'<span title="{self._days[on]}">{tags.since(on, self.today)}</span>'

    def _word(self, key: str, value: Any) -> str:
        return escape(self.words.get(key, {}).get(str(value), str(value)))


def line(values: Sequence[float | None], tone: str) -> str:
    """Draw the weekly scores as a small line that breaks where one is unknown; the figure beside it speaks for it."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    scale, step = 14 / ((high - low) or 1), 60 / (len(values) - 1)
    path, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{2 + place * step:.0f} {16 - (value - low) * scale:.0f}")
        pen = "L"
    return (
        f'<svg class="spark {tone}" viewBox="0 0 64 18" width="64" height="18" aria-hidden="true">'
        f'<path d="{"".join(path)}"/></svg>'
    )


def _value_of(field: Field) -> Callable[[PortfolioRow], Any]:
    column = field.column
    return lambda row: getattr(row, column)


def _classes(field: Field) -> str:
    names = [
        *(["main"] if field.key == "name" else []),
        *(["lead"] if field.key == "band" else []),
        *(["num"] if is_numeric(field) else []),
        *([] if field.key in KEPT_NARROW else ["fold-away"]),
    ]
    return f' class="{" ".join(names)}"' if names else ""


def _number(value: float | None) -> str:
    if value is None:
        return tags.UNKNOWN
    if isinstance(value, int) and -1000 < value < 1000:
        return str(value).replace("-", "−")
    return tags.number(value, 0 if isinstance(value, int) else 1)


def _parent(row: PortfolioRow) -> str:
    return tags.UNKNOWN if row.parent is None else escape(row.parent.name)


def _step(row: PortfolioRow) -> str:
    """A whole sentence: cut to the column, to be read in full under the pointer."""
    if row.next_step is None:
        return tags.UNKNOWN
    return f'<span title="{escape(row.next_step)}">{escape(row.next_step)}</span>'


def _tags(text: str) -> str:
    pills = [f'<span class="pill">{escape(tag)}</span>' for tag in text.split("\n") if tag]
    return " ".join(pills) or tags.UNKNOWN
