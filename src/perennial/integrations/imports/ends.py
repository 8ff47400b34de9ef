"""What the end of a term means, as far as the rows tell: terms are mostly whole months, under one of two readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from perennial.integrations.imports.terms import EndIs
from perennial.kernel.periods import Period, whole_months

_MONTH_ENDS = 28  # a term from the 30th may end a month later under both readings
_ENOUGH, _CLEAR = 0.5, 0.9


@dataclass(frozen=True)
class Terms:
    """How many of the rows with both days (`of`) are whole months under each reading of the end."""

    last_day: int
    day_after: int
    of: int

    @property
    def meaning(self) -> EndIs | None:
        """Return the reading under which most terms are whole months, None where the rows do not tell."""
        whole = self.last_day + self.day_after
        if not whole or whole < _ENOUGH * self.of:
            return None
        if self.last_day >= _CLEAR * whole:
            return EndIs.LAST_DAY
        return EndIs.DAY_AFTER if self.day_after >= _CLEAR * whole else None


def terms_of(pairs: Iterable[tuple[date | None, date | None]]) -> Terms:
    """Count terms by the reading under which they are whole months; pairs without one of the days do not count."""
    last_day = day_after = of = 0
    for starts_on, ends_on in pairs:
        if starts_on is None or ends_on is None or ends_on <= starts_on:
            continue
        of += 1
        if starts_on.day <= _MONTH_ENDS:
            last_day += bool(whole_months(Period(starts_on, ends_on + timedelta(days=1))))
            day_after += bool(whole_months(Period(starts_on, ends_on)))
    return Terms(last_day, day_after, of)
