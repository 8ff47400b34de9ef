"""The curve of who stays as charts.js draws it, and what it says in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.pages.revenue.lifetime.words import between
from perennial.pages.tags import percent
from perennial.reports.lifetime import Told


def title(found: Told) -> str:
    """Say in one sentence how many stay."""
    group = found.whole
    ages = min(5, len(group.curve.survival) - 1)
    if not ages:
        return _("Nobody has come to a first anniversary yet")
    told = {"share": percent(group.curve.survival[ages]),
            "range": between(percent(group.curve.low[ages]), percent(group.curve.high[ages]))}  # fmt: skip
    return ngettext(
        "%(share)s stay after %(n)s year (90%% interval %(range)s)",
        "%(share)s stay after %(n)s years (90%% interval %(range)s)", ages,
    ) % {**told, "n": ages}  # fmt: skip


def answer(found: Told | None) -> dict[str, Any]:
    """Return the curve as charts.js draws it: with its interval, and what was observed beside it."""
    if found is None:
        return {"kind": "band", "x": [], "series": [], "format": {"style": "percent"}, "summary": ""}
    curve, seen = found.whole.curve, found.whole.observed.survival
    ages = range(max(len(curve.survival), len(seen)))
    series: list[dict[str, Any]] = [{
        "name": _("Who stays") if found.whole.fitted is None else _("Fitted curve"),
        **{key: _padded(values, len(ages)) for key, values in
           (("values", curve.survival), ("low", curve.low), ("high", curve.high))},
    }]  # fmt: skip
    if found.whole.fitted is not None:
        series.append({"name": _("Observed"), "values": _padded(seen, len(ages))})
    return {
        "kind": "band",
        "x": [ngettext("%(n)s year", "%(n)s years", age) % {"n": age} for age in ages],
        "series": series,
        "format": {"style": "percent", "maximumFractionDigits": 1},
        "most": 1,
        "summary": title(found),
    }


def _padded(values: Sequence[float], size: int) -> list[float | None]:
    return [*(round(one, 4) for one in values), *[None] * (size - len(values))]
