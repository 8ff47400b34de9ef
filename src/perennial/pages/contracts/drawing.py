"""A contract's lines over time as SVG made on the server: a row for each line, places in percent, words beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from perennial.contracts.models import Line
from perennial.kernel.periods import add_months
from perennial.pages import tags
from perennial.reports.customer_contracts import LineRow

MOST_TICKS = 8


@dataclass(frozen=True)
class Span:
    """The days that the drawing shows: [since, until)."""

    since: date
    until: date

    def place(self, day: date) -> float:
        """Return where a day stands, in percent."""
        inside = min(max(day, self.since), self.until)
        return round(100 * (inside - self.since).days / (self.until - self.since).days, 2)


@dataclass(frozen=True)
class Bar:
    """A line's row: what it is, how it came to be, its drawing."""

    row: LineRow
    became: str
    drawing: SafeString


def span_of(lines: Sequence[Line], today: date) -> Span:
    """Return the months that hold all lines and today, a year at least; an open line is shown a year beyond today."""
    since = min([today, *(line.starts_on for line in lines)]).replace(day=1)
    ends = [line.ends_on or add_months(today, 12) for line in lines]
    last = max([today + timedelta(days=31), *ends])
    return Span(since, max(add_months(since, 12), add_months(last.replace(day=1), 1)))


def bars(rows: Sequence[LineRow], span: Span, today: date) -> list[Bar]:
    """Return a row for each line."""
    facts = {row.line.fact: row.line for row in rows}
    return [
        Bar(
            row,
            _became(row.line, facts.get(row.line.renewal_of) if row.line.renewal_of else None),
            _drawn(row, span, today),
        )
        for row in rows
    ]


def _became(line: Line, before: Line | None) -> str:
    if line.ramp_step is not None:
        return gettext("ramp step %(n)s") % {"n": line.ramp_step}
    if line.renewal_of is None:
        return ""
    if line.term_starts_on is not None and line.term_starts_on < line.starts_on:
        return gettext("amended")
    return gettext("renewal") if before is None or not before.is_amended else gettext("amended")


def _drawn(row: LineRow, span: Span, today: date) -> SafeString:
    line = row.line
    until = line.ceases_on or line.ends_on or span.until
    parts = [_part("run" if row.is_on or line.starts_on > today else "past", line.starts_on, until, span)]
    if line.gift_months and line.ends_on:
        given = max(line.starts_on, add_months(line.ends_on, -line.gift_months))
        parts.append(_part("gift", given, line.ends_on, span))
    for since, over in line.pauses:
        parts.append(_part("rest", date.fromisoformat(since), date.fromisoformat(over) if over else until, span))
    if line.cancelled_on is not None:
        at = span.place(line.cancelled_on)
        parts.append(format_html('<line class="notice" x1="{0}%" x2="{0}%" y1="1" y2="17"/>', at))
    parts.append(format_html('<line class="today" x1="{0}%" x2="{0}%" y1="0" y2="18"/>', span.place(today)))
    return format_html('<svg class="lifeline" width="100%" height="18" role="img" aria-label="{}">{}</svg>',
                       said(line), mark_safe("".join(parts)))  # noqa: S308 - made of format_html  # fmt: skip


def _part(kind: str, since: date, until: date, span: Span) -> SafeString:
    left, right = span.place(since), span.place(until)
    return format_html('<rect class="{}" x="{}%" y="3" width="{}%" height="12" rx="3"/>', kind, left,
                       max(round(right - left, 2), 0.4))  # fmt: skip


def said(line: Line) -> str:
    """Return the line's life in words."""
    name = line.product.name if line.product else gettext("Without a product")
    words = [gettext("%(name)s from %(day)s") % {"name": name, "day": tags.day(line.starts_on)}]
    last = tags.last_day(line.ends_on)
    words.append(gettext("to %(day)s") % {"day": last} if line.ends_on else gettext("open-ended"))
    for since, over in line.pauses:
        day = tags.day(date.fromisoformat(since))
        words.append(
            gettext("paused from %(day)s to %(until)s") % {"day": day, "until": tags.last_day(date.fromisoformat(over))}
            if over else gettext("paused from %(day)s on") % {"day": day}
        )  # fmt: skip
    if line.cancelled_on is not None:
        words.append(gettext("cancelled %(on)s") % {"on": tags.day(line.cancelled_on)})
    return ", ".join(words)


def axis(span: Span, today: date) -> SafeString:
    """Draw the months below which the rows stand, and today."""
    months = (span.until.year - span.since.year) * 12 + span.until.month - span.since.month
    step = next(one for one in (1, 2, 3, 6, 12, 24, 60, 120) if months / one <= MOST_TICKS or one == 120)
    ticks = "".join(
        format_html('<text x="{}%" y="12">{}</text>', span.place(day), tags.day(day, "month"))
        for day in (add_months(span.since, n) for n in range(0, months, step))
        if span.place(day) <= 92
    )
    return format_html('<svg class="lifeline axis" width="100%" height="16" aria-hidden="true">{}</svg>',
                       mark_safe(ticks))  # noqa: S308 - made of format_html  # fmt: skip
