"""The history of own metrics, made in the background: a stretch of days at a time, beside the columns that are served.

Each stretch is one commit of the lake and then its mark in the records, so that a run that was killed or cancelled goes
on where it stopped, at most one stretch over again. The daily run waits for a stretch and the other way round.
"""

from __future__ import annotations

from datetime import datetime

from perennial.contracts import queries as contracts
from perennial.customers.aliases import aliases
from perennial.usage import counted, own
from perennial.usage.actions import Report, folded, stretch_days, together, values
from perennial.usage.lake import METRICS_TABLE, lake, metric_keys
from perennial.usage.models import MetricColumn
from perennial.usage.periods import periods


def run(*, at: datetime, report: Report) -> int:
    """Bring the columns of own metrics in step with their definitions; return how many are newly served.

    `report` is told how many days are made, of how many; what it raises stops the run between two stretches. Safe to
    run twice.
    """
    own.reconcile(at=at)
    done = 0
    while making := _making(own.kept()):
        made, total, _begin = _place(making)
        report(min(made, total), total)
        with lake().writing(METRICS_TABLE):
            done += _step(own.kept(), at=at)
    return done


def _step(kept: tuple[own.Kept, ...], *, at: datetime) -> int:
    """Make the next stretch; where nothing is left to make, switch and return how many columns that concerned."""
    making = _making(kept)
    made, total, begin = _place(making)
    if made < total:
        _stretch(kept, making, begin, begin + total, at=at)
        return 0
    own.switch([one.id for one in making], at=at)
    own.reconcile(at=at)  # a definition that changed meanwhile left its column behind
    return len(making)


def _making(kept: tuple[own.Kept, ...]) -> list[own.Kept]:
    return [one for one in kept if not one.is_served]


def _place(making: list[own.Kept]) -> tuple[int, int, int]:
    """Return how many days all these columns have, of how many, and the first of all."""
    first, last = lake().first_day_of(METRICS_TABLE), lake().last_day_of(METRICS_TABLE)
    if first is None or last is None:
        return 0, 0, 0  # no day was ever computed: the first run computes these with the others
    least = min(first if one.made_until is None else one.made_until for one in making)
    return max(least - first, 0), last + 1 - first, first


def _stretch(kept: tuple[own.Kept, ...], making: list[own.Kept], begin: int, end: int, *, at: datetime) -> None:
    """Make the next days of the columns that are furthest behind."""
    marks = {one.id: begin if one.made_until is None else one.made_until for one in making}
    start = min(marks.values())
    those = [one for one in making if marks[one.id] == start]
    store, by = lake(), aliases()
    store.compact(folded(), at=at, left_out=counted.left_out())
    everyone = together(store.event_days(), by)
    ahead = [mark for mark in marks.values() if mark > start]
    stop = min([start + stretch_days(len(everyone)), end, *ahead])
    given = periods(contracts.Book.read(), everyone, until=stop)
    rows = values(tuple(one.metric for one in those), given, start, stop, counted.merged(by))
    columns = [*metric_keys(), *(one.metric.key for one in kept)]
    store.write_columns(METRICS_TABLE, rows, from_day=start, until_day=stop, at=at, keep=columns)
    MetricColumn.objects.filter(id__in=[one.id for one in those]).update(made_until=stop)
