"""Lines over time as SVG made on the server: each point leads to the customers behind it.

As in the customer file, places along the drawing are percentages and its height is in pixels. Which line is which is
said by colour, by dashes and by the legend; the table beneath has the same numbers for those who cannot point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

LEFT, RIGHT, TOP = 1.0, 98.5, 16.0
STEPS = (1, 2, 2.5, 5, 10)
MOST_WORDS = 5
Place = Callable[[int], float]
Height = Callable[[float], float]


@dataclass(frozen=True)
class Dot:
    """A point: its value, what it says aloud, and the address behind it."""

    value: float
    label: str
    url: str


@dataclass(frozen=True)
class Lines:
    """The days' words along the axis, each line's points (None: unknown), how the axis writes a value, and what the
    drawing says. `level`: from which place to which a height is ruled, a baseline; `marked`: the place of a week that
    is meant."""

    days: Sequence[str]
    lines: Sequence[Sequence[Dot | None]]
    ticks: Sequence[tuple[float, str]]
    label: str
    level: tuple[int, int, float] | None = None
    marked: int | None = None


def ticks_up_to(largest: float) -> list[float]:
    """Return where the axis is ruled, from zero to at least the largest value: three or four round steps."""
    if largest <= 0:
        return [0.0, 1.0]
    raw = Decimal(str(largest)) / 3
    unit = Decimal(10) ** floor(log10(raw))
    step = next(Decimal(str(one)) * unit for one in STEPS if Decimal(str(one)) * unit >= raw)
    count = ceil(Decimal(str(largest)) / step)
    return [float(step * place) for place in range(count + 1)]


def lines(shown: Lines, height: int = 224) -> SafeString:
    """Draw the lines from a zero baseline."""
    top = shown.ticks[-1][0] or 1.0
    step = (RIGHT - LEFT) / max(len(shown.days) - 1, 1)

    def x(place: int) -> float:
        return LEFT + place * step if len(shown.days) > 1 else (LEFT + RIGHT) / 2

    def y(value: float) -> float:
        return TOP + (height - TOP) * (1 - value / top)

    grid = format_html_join("", '<line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>',
                            ((_p(y(at)), _p(y(at))) for at, _word in shown.ticks))  # fmt: skip
    words = format_html_join("", '<text class="tick" x="-8" y="{}">{}</text>',
                             ((_p(y(at) + 4), word) for at, word in shown.ticks))  # fmt: skip
    days = format_html_join(
        "", '<text class="day {}" x="{}%" y="{}">{}</text>',
        ((_side(place, len(shown.days)), _p(x(place)), height + 16, shown.days[place])
         for place in _worded(len(shown.days))),
    )  # fmt: skip
    drawn = "".join(
        format_html('<g class="s{}">{}{}</g>', number, _segments(line, x, y), _dots(line, x, y))
        for number, line in enumerate(shown.lines)
    )
    grid += _ruled(shown, x, y, height)
    return format_html(
        '<svg class="drawing series {}" height="{}" role="group" aria-label="{}">{}{}{}{}</svg>',
        _room(shown.ticks), height + 22, shown.label, grid, days, mark_safe(drawn), words,  # noqa: S308 - made by format_html
    )  # fmt: skip


def _ruled(shown: Lines, x: Place, y: Height, height: int) -> SafeString:
    """Draw the baseline and the week that is meant, behind the lines."""
    found = SafeString("")
    if shown.marked is not None:
        at = _p(x(shown.marked))
        found += format_html('<line class="marked" x1="{}%" x2="{}%" y1="{}" y2="{}"/>', at, at, _p(TOP), height)
    if shown.level is not None:
        first, last, value = shown.level
        found += format_html('<line class="level" x1="{}%" x2="{}%" y1="{}" y2="{}"/>', _p(x(first)), _p(x(last)),
                             _p(y(value)), _p(y(value)))  # fmt: skip
    return found


def _room(ticks: Sequence[tuple[float, str]]) -> str:
    """Return how much room the words of the axis want left of the drawing."""
    longest = max((len(word) for _at, word in ticks), default=0)
    return "narrow" if longest <= 3 else "middling" if longest <= 6 else "broad"


def _worded(count: int) -> Iterable[int]:
    """Return the places whose days are written: evenly spread, the first and the last among them."""
    words = min(count, MOST_WORDS)
    return sorted({round(place * (count - 1) / max(words - 1, 1)) for place in range(words)})


def _side(place: int, count: int) -> str:
    return "middle" if count == 1 else "start" if place == 0 else "end" if place == count - 1 else "middle"


def _segments(line: Sequence[Dot | None], x: Place, y: Height) -> str:
    known = [(place, dot.value) for place, dot in enumerate(line) if dot is not None]
    return format_html_join(
        "", '<line class="line{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>',
        (("" if there == here + 1 else " gap", _p(x(here)), _p(y(before)), _p(x(there)), _p(y(after)))
         for (here, before), (there, after) in pairwise(known)),
    )  # fmt: skip


def _dots(line: Sequence[Dot | None], x: Place, y: Height) -> str:
    return format_html_join(
        "", '<a href="{}" tabindex="-1" aria-label="{}"><title>{}</title><circle class="hit" cx="{}%" cy="{}" r="9"/>'
        '<circle class="dot" cx="{}%" cy="{}" r="2.6"/></a>',
        ((dot.url, dot.label, dot.label, *(_p(x(place)), _p(y(dot.value))) * 2)
         for place, dot in enumerate(line) if dot is not None),
    )  # fmt: skip


def _p(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
