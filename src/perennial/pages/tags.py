"""What templates say with: numbers, money, days and small drawings in the reader's language. Known to every template.

Unknown (None) is always written as a dash, never as 0.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby, pairwise

from babel import dates, numbers
from django import template
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext
from lucide.templatetags.lucide import lucide

from perennial.blueprint.terms import Label, MetricUnit
from perennial.kernel.money import decimals_of, to_major

register = template.Library()

UNKNOWN = "–"
HUES = 12
EXACT_BELOW = 10_000  # smaller amounts are as short in full
THREE_FIGURES = Context(prec=3)
LOCALES = {"zh-hans": "zh_Hans", "zh-hant": "zh_Hant"}
SYMBOLS = {"CNY": "¥", "JPY": "JP¥"}  # one sign, one currency, in every language
DAY_FORMATS = {
    "en": {"medium": "d MMM y", "short": "d MMM", "weekday": "EEE d MMM y", "month": "MMM y"},
    "zh": {"medium": "y-MM-dd", "short": "M月d日", "weekday": "y年M月d日 EEE", "month": "y年M月"},
}

Number = int | Decimal | Fraction | float


def locale_name() -> str:
    """Return Babel's name of the language that is active, English where none is."""
    return LOCALES.get((get_language() or "en").lower(), "en")


@register.filter
def money(minor: int | Fraction | None, currency: str) -> str:
    """Write an amount of minor units shortly (¥1.28M, ¥128万), with the exact amount on hover."""
    if minor is None:
        return UNKNOWN
    amount = _major(minor, currency)
    if abs(amount) < EXACT_BELOW:
        return _exact(amount, currency, decimals=0 if amount == amount.to_integral_value() else decimals_of(currency))
    short = _compact(THREE_FIGURES.plus(amount), currency, locale_name())
    return SafeString(f'<data value="{amount}" title="{escape(exact_money(minor, currency))}">{escape(short)}</data>')


@register.filter
def exact_money(minor: int | Fraction | None, currency: str) -> str:
    """Write an amount of minor units to the last decimal of its currency."""
    return UNKNOWN if minor is None else _exact(_major(minor, currency), currency, decimals=decimals_of(currency))


@register.filter
def number(value: Number | None, decimals: int = 0) -> str:
    """Write a number with its thousands parted and exactly so many decimals."""
    if value is None:
        return UNKNOWN
    return _grouped(_decimal(value), decimals)


@register.filter
def signed(value: Number | str | None, decimals: int = 1) -> str:
    """Write a difference with its sign: +3.2, −1.0, 0.0."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    return ("+" if amount > 0 else "") + number(amount, decimals)


@register.filter
def percent(ratio: Number | None, decimals: int = 0) -> str:
    """Write a ratio (0.93) as a percentage (93%)."""
    if ratio is None:
        return UNKNOWN
    return _grouped(_decimal(ratio) * 100, decimals) + "%"


@register.filter
def day(value: date | None, form: str = "medium") -> str:
    """Write a day: medium (24 Dec 2026), short (24 Dec), weekday or month. An instant is cut in the active zone."""
    if value is None:
        return UNKNOWN
    name = locale_name()
    if isinstance(value, datetime):
        value = timezone.localdate(value)
    return dates.format_date(value, DAY_FORMATS[name[:2]][form], locale=name)


@register.filter
def last_day(end: date | None, form: str = "medium") -> str:
    """Write the last day of a half-open period: the day before its end."""
    return UNKNOWN if end is None else day(end - timedelta(days=1), form)


@register.filter
def moment(value: datetime | None) -> str:
    """Write an instant with its day and minute, in the active zone."""
    return UNKNOWN if value is None else f"{day(value)} {timezone.localtime(value):%H:%M}"


@register.filter
def since(value: date | None, today: date) -> str:
    """Write how far a day lies from the as-of day: "today", "18 d ago", "in 97 d"."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        value = timezone.localdate(value)
    gap = (value - today).days
    if gap == 0:
        return gettext("today")
    if gap < 0:
        return ngettext("%(count)d d ago", "%(count)d d ago", -gap) % {"count": -gap}
    return ngettext("in %(count)d d", "in %(count)d d", gap) % {"count": gap}


@register.filter
def language_tag(code: str) -> str:
    """Write a language as HTML names it: zh-Hans for zh-hans."""
    main, _dash, script = code.partition("-")
    return f"{main}-{script.title()}" if script else main


@register.filter
def pick(words: Mapping[str, object], key: str) -> str:
    """Return the word of a key, the key itself where it has none."""
    return str(words.get(key, key))


@register.filter
def is_one(listed: Sequence[object]) -> bool:
    """Return whether there is one part only."""
    return len(listed) == 1


@register.filter
def part(place: str, name: str) -> str:
    """Return where a part of a place stands: `scorecards[0].groups`, or `groups` where the place is the whole."""
    return f"{place}.{name}" if place else name


@register.filter
def wording(label: Label) -> str:
    """Return a wording of the blueprint in the reader's language."""
    return label.text(get_language() or "en")


@register.filter
def measured(value: Number | None, unit: str) -> str:
    """Write a value of an own metric: a share in percent, everything else with as many decimals as tell it apart."""
    if value is None:
        return UNKNOWN
    if unit == MetricUnit.RATIO:
        return percent(value, 1 if 0 < abs(float(value)) < 0.1 else 0)
    decimals = 0 if float(value).is_integer() else 1 if abs(float(value)) >= 10 else 2
    return number(Decimal(str(value)), decimals)


@register.filter
def initials(name: str) -> str:
    """Return the one or two letters of an avatar: ED for Emma Diaz, 李 for 李婷, ? for no name."""
    words = name.split()
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 and words[-1][0].isalpha() else "")
    return letters.upper()


@register.filter
def hue(name: str) -> str:
    """Return one of twelve classes, always the same for one name: a strict CSP allows no inline colour."""
    return f"hue-{zlib.crc32(name.encode()) % HUES}"


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> SafeString:
    """Draw a Lucide icon, hidden from screen readers: the words beside it speak."""
    return mark_safe(lucide(name, size=size, aria_hidden="true"))  # noqa: S308 - drawn from the package's own files


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_heading(context: template.Context, key: str, label: str, target: str = "") -> dict[str, str]:
    """Write a column's heading that sorts by `key`, and turns the order where the list is sorted by it already.

    The filters of the address stay; the place in the list (`after`, `before`) does not.
    """
    query = context["request"].GET.copy()
    now = context.get("sort") or query.get("sort", "")
    for place in ("after", "before"):
        query.pop(place, None)
    query["sort"] = f"-{key}" if now == key else key
    order = {key: "rising", f"-{key}": "falling"}.get(now, "")
    return {"label": label, "url": f"?{query.urlencode()}", "order": order, "target": target}


@register.simple_tag
def sparkline(values: Sequence[Number | None], *, band: str = "", low: Number | None = None) -> SafeString:
    """Draw a series as a small line, dotted over what is unknown; empty where nothing is known.

    The line spans the series, or starts at `low` where given (0 keeps a flat series from looking wild).
    """
    known = [float(value) for value in values if value is not None]
    if not known:
        return SafeString("")
    bottom = min([*known, *([float(low)] if low is not None else [])])
    height = max(known) - bottom
    if not height:  # a flat line runs through the middle
        bottom, height = bottom - 0.5, 1.0
    step = 60 / max(len(values) - 1, 1)
    dots = [
        (f"{2 + index * step:.1f}", f"{16 - 14 * (float(value) - bottom) / height:.1f}") if value is not None else None
        for index, value in enumerate(values)
    ]
    runs = [list(run) for is_known, run in groupby(dots, lambda dot: dot is not None) if is_known]
    label = gettext("from %(first)s to %(last)s") % {"first": _short(known[0]), "last": _short(known[-1])}
    lines = format_html_join(
        "", '<polyline points="{}"/>', ((" ".join(",".join(dot) for dot in run if dot),) for run in runs)
    ) + format_html_join(
        "", '<polyline class="gap" points="{},{} {},{}"/>',
        ((*(before[-1] or ()), *(after[0] or ())) for before, after in pairwise(runs)),
    )  # fmt: skip
    x, y = next(dot for dot in reversed(dots) if dot)
    return format_html(
        '<svg class="spark {}" viewBox="0 0 64 18" width="64" height="18" role="img" aria-label="{}">'
        '{}<circle cx="{}" cy="{}" r="1.8"/></svg>',
        band,
        label,
        lines,
        x,
        y,
    )


def _major(minor: int | Fraction, currency: str) -> Decimal:
    return _decimal(to_major(minor, currency))


def _exact(amount: Decimal, currency: str, *, decimals: int) -> str:
    sign = "−" if amount < 0 else ""
    return f"{sign}{_symbol(currency, locale_name())}{_grouped(abs(amount), decimals)}"


def _grouped(value: Decimal, decimals: int) -> str:
    """Write a number as English and Chinese both do: 1,234.50, ties to the even digit; Babel takes ten times longer."""
    return f"{value:,.{decimals}f}".replace("-", "−")


@lru_cache(maxsize=64)
def _symbol(currency: str, locale: str) -> str:
    return SYMBOLS.get(currency) or numbers.get_currency_symbol(currency, locale)


@lru_cache(maxsize=8192)  # three figures: few amounts are written in many ways
def _compact(rounded: Decimal, currency: str, locale: str) -> str:
    written = numbers.format_compact_currency(rounded, currency, locale=locale, fraction_digits=2)
    if currency in SYMBOLS:
        written = written.replace(numbers.get_currency_symbol(currency, locale), SYMBOLS[currency])
    return written.replace("-", "−")


def _decimal(value: Number) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _short(value: float) -> str:
    return number(value, 0 if value == int(value) else 1)
