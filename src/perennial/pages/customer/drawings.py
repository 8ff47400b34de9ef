"""Drawings of the customer file as SVG made on the server: the scale of the bands, thirteen weeks, a measure's curve.

Places along a drawing are percentages and its height is in pixels, so that it takes the width of its place and its
words stay as large as the page's. Every drawing says in words what it shows; colours come from the style sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

TONES = ("bad", "watch", "good")
LEFT, RIGHT = 2.0, 98.0  # where the first and the last point of a series stand
NARROWEST = 13.0  # words along an axis closer than this, in percent, would touch


@dataclass(frozen=True)
class Scale:
    """What the scale shows. `edges`: where yellow and green begin; `is_coloured`: enough is known for a band; `moved`:
    where the next run leaves it."""

    edges: tuple[float, float]
    words: tuple[str, str, str]
    score: float | None
    error: float
    is_coloured: bool
    moved: Sequence[float]
    label: str


def scale(shown: Scale) -> SafeString:
    """Draw 0 to 100 points in three bands with their thresholds, and where the score stands."""
    cuts = (0.0, *shown.edges, 100.0)
    bands = "".join(
        format_html(
            '<rect class="{}" x="{}%" y="12" width="{}%" height="18"/><text class="{}" x="{}%" y="25">{}</text>',
            tone, _p(low), _p(high - low), tone, _p((low + high) / 2), word,
        )
        for tone, word, (low, high) in zip(TONES, shown.words, pairwise(cuts), strict=True)
    )  # fmt: skip
    edges = "".join(format_html('<text class="at" x="{}%" y="43">{}</text>', _p(e), _short(e)) for e in shown.edges)
    moved = "".join(format_html('<line class="moved" x1="{}%" x2="{}%" y1="12" y2="30"/>', *[_p(m)] * 2)
                    for m in shown.moved)  # fmt: skip
    return _drawing("scale", 46, shown.label, bands + moved + edges + _pointer(shown))


def _pointer(shown: Scale) -> str:
    if shown.score is None:
        return ""
    low, high = max(shown.score - shown.error, 0), min(shown.score + shown.error, 100)
    span = format_html('<line class="span" x1="{}%" x2="{}%" y1="10" y2="10"/>', _p(low), _p(high))
    kind = "pointer" if shown.is_coloured else "pointer hollow"
    return span + format_html('<svg class="{}" x="{}%" y="0"><path d="M-5 1H5L0 10z"/></svg>', kind, _p(shown.score))


@dataclass(frozen=True)
class Weeks:
    """A score week by week, oldest first, None where it had no colour; `first` and `last` are the days' words."""

    edges: tuple[float, float]
    values: Sequence[float | None]
    first: str
    last: str
    value: str
    label: str


def weeks(shown: Weeks, height: int = 96) -> SafeString:
    """Draw the weeks over the bands, dotted over those without a colour."""
    cuts = (0.0, *shown.edges, 100.0)

    def y(score: float) -> float:
        return height - score * height / 100

    bands = format_html_join(
        "", '<rect class="{}" x="0" y="{}" width="90%" height="{}"/>',
        ((tone, _p(y(high)), _p((high - low) * height / 100))
         for tone, (low, high) in zip(TONES, pairwise(cuts), strict=True)),
    )  # fmt: skip
    edges = format_html_join("", '<text class="edge" x="90.5%" y="{}">{}</text>',
                             ((_p(y(edge) + 4), _short(edge)) for edge in shown.edges))  # fmt: skip
    step = 84.0 / max(len(shown.values) - 1, 1)
    dots = [(3 + place * step, y(value)) if value is not None else None for place, value in enumerate(shown.values)]
    last = next((dot for dot in reversed(dots) if dot), None)
    end = "" if last is None else format_html(
        '<circle class="last" cx="{}%" cy="{}" r="3.5"/><text class="value" x="{}%" y="{}">{}</text>',
        _p(last[0]), _p(last[1]), _p(min(last[0] + 2, 89)), _p(last[1] + (18 if last[1] <= 18 else -8)), shown.value,
    )  # fmt: skip
    days = format_html('<text class="day" x="3%" y="{}">{}</text><text class="day end" x="87%" y="{}">{}</text>',
                       height + 14, shown.first, height + 14, shown.last)  # fmt: skip
    return _drawing("weeks", height + 18, shown.label, bands + edges + _line(dots) + end + days)


@dataclass(frozen=True)
class Curve:
    """A measure's curve: its points, the customer's value and what it gives (None: unknown), the mean that it is held
    against, and the words of the points along the axis, of the value and of the mean."""

    points: Sequence[tuple[float, float]]
    value: float | None
    gives: float | None
    mean: float
    ticks: Sequence[str]
    value_text: str
    mean_text: str
    label: str


def curve(shown: Curve, height: int = 104) -> SafeString:
    """Draw how a raw value becomes points: level outside the first and the last point, as the score counts it."""
    knots = [x for x, _ in shown.points]
    seen = [shown.value] if shown.value is not None and shown.gives is not None else []
    low, high = min([*knots, *seen]), max([*knots, *seen])
    width = (high - low) or 1.0

    def x(value: float) -> float:
        return 8 + 86 * (value - low) / width

    def y(points: float) -> float:
        return 14 + (height - 20) * (100 - points) / 100

    path = [(low, shown.points[0][1]), *shown.points, (high, shown.points[-1][1])]
    grid = format_html_join(
        "", '<line class="grid" x1="8%" x2="94%" y1="{}" y2="{}"/><text class="points" x="6.5%" y="{}">{}</text>',
        ((_p(y(at)), _p(y(at)), _p(y(at) + 4), at) for at in (0, 50, 100)),
    )  # fmt: skip
    aside = "start" if seen and x(seen[0]) > 60 else "end"  # on the other side than the value's words
    mean = format_html(
        '<line class="mean" x1="8%" x2="94%" y1="{}" y2="{}"/><text class="mean {}" x="{}%" y="{}">{}</text>',
        _p(y(shown.mean)), _p(y(shown.mean)), aside, 8.5 if aside == "start" else 94, _p(y(shown.mean) - 3),
        shown.mean_text,
    )  # fmt: skip
    ticks = format_html_join("", '<text class="tick" x="{}%" y="{}">{}</text>',
                             ((_p(at), height + 8, text) for at, text in _apart(knots, shown.ticks, x)))  # fmt: skip
    point = ""
    if shown.value is not None and shown.gives is not None:
        at = x(shown.value)
        side = "end" if at > 60 else "start"
        point = format_html(
            '<circle class="last" cx="{}%" cy="{}" r="4"/><text class="value {}" x="{}%" y="{}">{}</text>',
            _p(at), _p(y(shown.gives)), side, _p(at - 2 if side == "end" else at + 2),
            _p(y(shown.gives) - 7 if y(shown.gives) > 22 else y(shown.gives) + 16), shown.value_text,
        )  # fmt: skip
    line = _line([(x(value), y(points)) for value, points in path])
    return _drawing("curve", height + 12, shown.label, grid + mean + line + ticks + point)


def _apart(knots: Sequence[float], words: Sequence[str], x: Callable[[float], float]) -> Iterable[tuple[float, str]]:
    """Return the words that stand far enough from each other; the first and the last always stand."""
    places = [(x(knot), word) for knot, word in zip(knots, words, strict=True)]
    kept = places[:1]
    for place in places[1:-1]:
        if place[0] - kept[-1][0] >= NARROWEST and places[-1][0] - place[0] >= NARROWEST:
            kept.append(place)
    return kept + places[-1:] if len(places) > 1 else kept


def _line(dots: Sequence[tuple[float, float] | None]) -> str:
    """Draw a line through the known dots, dotted over the unknown ones; a single one is a dot."""
    known = [(place, dot) for place, dot in enumerate(dots) if dot is not None]
    lines = (("line" if there == here + 1 else "line gap", *map(_p, (*before, *dot)))
             for (here, before), (there, dot) in pairwise(known))  # fmt: skip
    drawn = format_html_join("", '<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>', lines)
    if len(known) == 1:
        drawn += format_html('<circle class="alone" cx="{}%" cy="{}" r="1.8"/>', *map(_p, known[0][1]))
    return drawn


def _drawing(name: str, height: int, label: str, inside: str) -> SafeString:
    # Everything inside was made by format_html.
    return format_html(
        '<svg class="drawing {}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>',
        name, height, label, mark_safe(inside),  # noqa: S308
    )  # fmt: skip


def _p(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _short(value: float) -> str:
    return f"{value:g}"
