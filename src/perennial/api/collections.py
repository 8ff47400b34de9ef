"""Collections: open steps of receivable plans, and what is late by how many days, as the page shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.contracts.calculations.receipts import Bucket
from perennial.contracts.calculations.timeliness import Timely
from perennial.kernel import money
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.reports import receivables
from perennial.reports.receivables import Asked, Row
from perennial.reports.timeliness import timeliness

TIMELY = (
    "Steps whose last day (due day and credit days) lies in [from, to) and before `as_of`: due = on_time + late + "
    "owed + written_off, with tax as plans state them. Days late are weighted by money; in time counts as 0."
)
router = Router(tags=["revenue"])
DEFINITION = (
    "Open steps of receivable plans at the end of day `as_of`, as known now: owed = amount − received − written off, "
    "with tax as plans state them. Late from the day after `last_day`, the due day and the contract's credit days. "
    "`usual_days` is the median of the `usual_stays` at the node that have ended, of the customer's segment or of all; "
    "unknown below five. `over_days` is how much longer the step is there. "
    "`value` is what is owed in `currency`, rounded once; `buckets` are its sums over `rows`, exactly."
)


@router.get("/collections", url_name="collections")
def collections(
    request: HttpRequest,
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """Every open step that the key's member may see, by last day."""
    member, place = caller(request, "revenue.read"), house()
    on = as_of or place.today(timezone.now())
    found = receivables.listed(member, Asked(), place=place, on=on)
    sums = {bucket.value: _decimal(found.sums[bucket], place.currency) for bucket in Bucket}
    return {
        "as_of": on,
        "currency": place.currency,
        "definition": DEFINITION,
        "buckets": sums,
        "total": _decimal(found.total, place.currency),
        "without_rate": found.left_out,
        "rows": [_row(row, place.currency) for row in found.rows],
    }


@router.get("/collections/timeliness", url_name="timeliness")
def timely(
    request: HttpRequest,
    since: Annotated[Day, Query(alias="from")],
    until: Annotated[Day, Query(alias="to")],
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """What of the money whose last day lies in [from, to) came in time: of all, and by CSM."""
    member, place = caller(request, "revenue.read"), house()
    if not since < until:
        raise HttpError(400, "`to` must lie after `from`.")
    on = as_of or place.today(timezone.now())
    found = timeliness(member, Period(since, until), place=place, on=on)
    lines = [line for team in found.top.below for line in (team.below or [team])]
    return {
        "as_of": on, "from": since, "to": until, "currency": place.currency, "definition": TIMELY,
        "without_rate": found.left_out, **_timely(found.top.sum, place.currency),
        "rows": [{"csm": line.name or None, **_timely(line.sum, place.currency)} for line in lines],
    }  # fmt: skip


def _timely(one: Timely, currency: str) -> dict[str, Any]:
    amounts = {"due": one.due, "on_time": one.on_time, "late": one.late, "owed": one.owed,
               "written_off": one.written_off}  # fmt: skip
    means = {"share_on_time": one.share, "mean_days_late": one.average, "mean_days_owed": one.open_average}
    return {key: _decimal(minor, currency) for key, minor in amounts.items()} | {
        key: None if value is None else round(float(value), 6) for key, value in means.items()
    }


def _row(row: Row, ours: str) -> dict[str, Any]:
    step = row.step
    amounts = {"amount": step.amount, "invoiced": row.invoiced, "received": row.received,
               "written_off": row.written_off, "owed": row.owed}  # fmt: skip
    return {
        "customer": row.customer.key,
        "contract": step.contract or None,
        "kind": step.kind,
        "currency": step.currency,
        **{key: _decimal(minor, step.currency) for key, minor in amounts.items()},
        "value": None if row.value is None else _decimal(row.value, ours),
        "due_on": step.due_on,
        "last_day": step.last_day,
        "late_days": row.late_days,
        "bucket": row.bucket.value,
        "node": step.node or None,
        "node_since_on": step.node_since_on,
        "node_holder": step.node_holder or None,
        "node_days": row.wait.days,
        "usual_days": row.wait.usual.days if row.wait.usual else None,
        "usual_stays": row.wait.usual.stays if row.wait.usual else None,
        "over_days": row.wait.over,
    }


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))
