"""The order of day, month and year in a column: decided by a cell that only one order reads, else asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from perennial.integrations.imports.detection.tally import Fit, Tally
from perennial.integrations.imports.detection.terms import Choice, Column, Place
from perennial.integrations.imports.values.dates import moment
from perennial.integrations.imports.values.terms import MIXED_ORDERS, Format, Kind, Order, Unreadable

_ENOUGH = 0.8  # of the filled cells must be dates of some order, to be taken as dates without a word
_SOME = 0.5  # from here on the column is asked about: it holds dates and something else
_TYPING_ERRORS = 0.01  # so many cells of another order are mistakes; more of them are a column of two orders
_WORTH_OFFERING = 0.25  # of the different texts, for an order by itself in a column of several
_EXAMPLES, _UNREAD = 4, 3
_SERIALS = range(25_569, 73_415)  # 1970 to 2100: other numbers under a date's name are numbers
_DAY_MONTH = {Order.DAY_FIRST: 0, Order.MONTH_FIRST: 1}

Readings = dict[str, datetime | None]
Settle = Callable[[Format], Format]


def dated_as(tally: Tally) -> list[Format]:
    """Return the orders between which the column stands: one = decided, several = to be asked, none = no dates.

    Asked where two orders read everything and not the same days, and where a good part of the cells contradicts the
    rest: a majority says nothing about 1/2/2024. See `is_torn`.
    """
    days = _days(tally)
    if not days:
        return []
    most = max(fit.read for fit in days.values())
    best = [form for form, fit in days.items() if fit.read == most]
    if most + days[best[0]].stray_count < _SOME * tally.filled:
        return []
    if is_torn(tally, best[0]):
        return [best[0], *(form for form in days if form != best[0])]
    # 2/2/2024 and "5 Mar 2024" are the same day in every order: nothing to ask
    return [best[0], *(form for form in best[1:] if frozenset((best[0], form)) in tally.differing)]


def _days(tally: Tally) -> dict[Format, Fit]:
    found = {}
    for form, fit in (tally.fits or {}).items():
        serial = form.order is Order.SERIAL
        plausible = not serial or all(text.split(".")[0] in _SERIAL_TEXTS for text in tally.distinct)
        if form.kind is Kind.DATETIME and (fit.read or fit.decided) and plausible:
            found[form] = fit
    return found


_SERIAL_TEXTS = frozenset(map(str, _SERIALS))


def is_torn(tally: Tally, best: Format) -> bool:
    """Return whether the column holds dates of several orders, or dates and much that is none: then it is asked."""
    fit = (tally.fits or {}).get(best, Fit())
    few = fit.read + fit.stray_count < _ENOUGH * tally.filled
    return few or fit.stray_count > _TYPING_ERRORS * tally.filled


def decider_of(best: Format, tally: Tally) -> Place | None:
    """Return the first cell that this order of day and month reads and the other cannot."""
    fits = tally.fits or {}
    pair = {Order.DAY_FIRST, Order.MONTH_FIRST}
    twin = next((fit for form, fit in fits.items() if form != best and {form.order, best.order} == pair), Fit())
    return next((place for place in twin.strays if _read(best, place.text) is not None), None)


def choices_of(orders: list[Format], tally: Tally, settle: Settle) -> tuple[Choice, ...]:
    """Return each order with the same examples, those first on which the orders differ, and what it cannot read."""
    return _choices({form: _readings(form, tally) for form in orders}, tally, settle)


def choices_of_torn(tally: Tally, settle: Settle) -> tuple[Choice, ...]:
    """Return the readings of a column of several orders: two orders together where that reads more, and each alone."""
    tried = [form for form in tally.candidates if form.kind is Kind.DATETIME and form.order is not Order.SERIAL]
    readings = {form: _readings(form, tally) for form in tried}
    count = {form: _count(found) for form, found in readings.items()}
    kept = {form: found for form, found in readings.items() if count[form] >= _WORTH_OFFERING * len(found)}
    mixed = {Format(Kind.DATETIME, order): _readings(Format(Kind.DATETIME, order), tally) for order in MIXED_ORDERS}
    most = max((_count(found) for found in mixed.values()), default=0)
    if most > max(count.values(), default=0):
        kept = {form: found for form, found in mixed.items() if _count(found) == most} | kept
    ordered = sorted(kept, key=lambda form: -_count(kept[form]))
    return _choices({form: kept[form] for form in ordered}, tally, settle)


def is_swapped(tally: Tally) -> bool:
    """Return whether the column looks as if a spreadsheet in another language had opened it.

    It makes a date of 3/4/2024 wherever the first number may be a month, with day and month swapped, and leaves
    16/10/2024 as text: no date that it recognised has a day after the 12th, and every text that it left has one.
    """
    known = [day for day in _readings(Format(Kind.DATETIME, Order.YEAR_FIRST), tally).values() if day is not None]
    if len(known) < 2 or any(day.day > 12 for day in known):
        return False
    for order in _DAY_MONTH:
        left = [day for day in _readings(Format(Kind.DATETIME, order), tally).values() if day is not None]
        if len(left) + len(known) == len(tally.distinct) and len(left) > 1 and all(day.day > 12 for day in left):
            return True
    return False


def suggest(columns: list[Column]) -> list[Column]:
    """Mark, in ambiguous columns, the order that the file's decided date columns have in common. It is still asked."""
    decided = {column.format.order for column in columns if column.format and column.decided_by}
    if len(decided) != 1:
        return columns
    marked = []
    for column in columns:
        choices = tuple(replace(one, suggested=one.format.order in decided) for one in column.choices)
        marked.append(replace(column, choices=choices))
    return marked


def _choices(readings: dict[Format, Readings], tally: Tally, settle: Settle) -> tuple[Choice, ...]:
    shown = _examples(readings)
    return tuple(
        Choice(
            format=settle(form),
            examples=tuple((text, _shown(settle(form), found[text])) for text in shown),
            read=_count(found),
            of=len(found),
            unread=tuple(Place(tally.distinct[text], text) for text, day in found.items() if day is None)[:_UNREAD],
        )
        for form, found in readings.items()
    )


def _examples(readings: dict[Format, Readings]) -> list[str]:
    """Return the texts that tell the orders apart: those that read differently first, one for each way to differ."""
    texts = list(next(iter(readings.values()), {}))
    texts.sort(key=lambda text: len({found[text] for found in readings.values()}), reverse=True)
    ways: dict[tuple[bool, ...], str] = {}
    for text in texts:
        ways.setdefault(tuple(found[text] is None for found in readings.values()), text)
    telling = list(ways.values())[:_EXAMPLES]
    rest = [text for text in texts if text not in telling]
    chosen = {*telling, *rest[: max(_EXAMPLES - 1 - len(telling), 0)]}
    return [text for text in texts if text in chosen]


def _readings(form: Format, tally: Tally) -> Readings:
    return {text: _read(form, text) for text in tally.distinct}


def _count(found: Readings) -> int:
    return sum(day is not None for day in found.values())


def _read(form: Format, text: str) -> datetime | None:
    try:
        return moment(text, form.order or Order.YEAR_FIRST)
    except Unreadable:
        return None


def _shown(form: Format, at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.isoformat(sep=" ") if form.kind is Kind.DATETIME else at.date().isoformat()
