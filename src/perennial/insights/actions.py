"""Writes of insights: what winning customers cost, and curves that were fitted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from perennial.insights import queries
from perennial.insights.calculations import survival
from perennial.insights.models import Spend, SurvivalFit
from perennial.insights.terms import Ages
from perennial.kernel import versions
from perennial.kernel.versions import Counted, Incoming


def write_spend(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write spend of one source set-wise by external id; the values are Spend's columns. Return counts."""
    return versions.write(Spend, rows, source=source, at=at, import_id=import_id)


def fit(wanted: Iterable[Ages], *, at: datetime) -> int:
    """Fit the curves that are not kept yet; return how many. About a second each; safe to run twice.

    Who has too little for a curve is passed over.
    """
    asked = {ages for ages in wanted if ages.is_enough}
    missing = sorted(asked - queries.fits(asked).keys(), key=lambda ages: ages.at_risk)
    for ages in missing:
        found = survival.fit(ages)
        SurvivalFit.objects.get_or_create(
            digest=queries.digest_of(ages),
            defaults={
                "ages": queries.ages_data(ages), "found": queries.fitted_data(found), "seed": survival.SEED,
                "versions": queries.versions(), "made_at": at,
            },
        )  # fmt: skip
    return len(missing)
