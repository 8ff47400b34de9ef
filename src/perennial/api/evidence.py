"""Backtests of scorecards: what they foretold of past decisions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.evidence import queries
from perennial.evidence.terms import Told

router = Router(tags=["health"])
DEFINITION = (
    "A decision is a term that ended or, of a customer without terms, a month; lost: nothing was paid after it and "
    "its grace. `leads`: by days before the decision, from what was known then; a figure with three parts is value, "
    "lower and upper end of its 95 % interval. Below ten losses only counts are told. `vetoes`: by key, 90 days "
    "before: met, of these lost, their share with its interval, losses that did not meet it; by facts of their own "
    "dates. `canary`: the AUC on the very day and 90 days before: what lies between was learned of the end itself. "
    "`lead_time`: losses, those that were red within 180 days before, and the median of days since the first red. A "
    "customer whose score was overridden counts as it was computed. `no_better`: the probabilities did no better than "
    "the share lost, told of everybody."
)


@router.get("/scorecards/{key}/backtests", url_name="backtests")
def backtests(request: HttpRequest, key: str) -> dict[str, Any]:
    """The last twenty backtests of a scorecard, the newest first: figures of the whole house."""
    caller(request, "revenue.read")
    found = queries.history(key)
    if not found:
        raise HttpError(404, "This scorecard was never backtested.")
    return {"definition": DEFINITION, "scorecard": key, "backtests": [_told(one) for one in found]}


def _told(one: Told) -> dict[str, Any]:
    return {
        "id": one.id, "version": one.version, "as_of": one.on.isoformat(), "made_at": one.made_at.isoformat(),
        "verdict": one.verdict.value, "no_better": one.is_no_better,
        "leads": {str(lead): dict(told) for lead, told in one.leads.items()}, "proposal": one.proposal,
        "vetoes": one.besides.get("vetoes"), "canary": one.besides.get("canary"),
        "lead_time": one.besides.get("lead_time"),
        "data_version": one.data_version, "seed": one.seed, "versions": dict(one.versions),
    }  # fmt: skip
