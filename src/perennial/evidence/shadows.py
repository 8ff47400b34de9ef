"""A quarter in shadow: proposed weights beside the published ones, both as they stood on its first day.

Nothing is computed meanwhile: the night freezes what both are made of. When the quarter and its paper's grace are over,
its decisions are judged by both, each 90 days before, and somebody adopts the proposal or keeps what is, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.blueprint.calculations.patching import patched
from perennial.evidence.actions import as_of
from perennial.evidence.calculations.discrimination import auc_with_interval, difference
from perennial.evidence.calculations.methods import LEAST_EVENTS
from perennial.evidence.decisions import decisions
from perennial.evidence.models import Backtest, Shadow
from perennial.evidence.terms import MAIN_LEAD, ShadowWord
from perennial.health.facts import Facts
from perennial.health.past import fleets_on
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import add_months

MONTHS = 3
MOST_REASON = 300
LEAST = 0.1
"""A weight is above 0: a measure that the past gives none keeps so many points of a hundred."""


class ShadowRefused(ValueError):
    """What was asked cannot be done; the message says why."""


def proposed_text(text: str, weights: Mapping[str, float]) -> str:
    """Return the text of one scorecard with other weights (shares by measure), and nothing else changed.

    :raises ShadowRefused: the text holds several scorecards, or measures that have no weight proposed.
    """
    rules = blueprint.scorecards_from(text, name="scorecard")
    if not rules.is_single or {one.key for one in rules.fallback.measures} != set(weights):
        raise ShadowRefused(_("These weights are not those of the scorecard in force."))
    changes: dict[str, object] = {}
    for at, group in enumerate(rules.fallback.groups):
        points = [max(round(100 * weights[one.key], 1), LEAST) for one in group.measures]
        changes[f"groups[{at}].weight"] = round(sum(points), 1)
        changes |= {f"groups[{at}].measures[{place}].weight": one for place, one in enumerate(points)}
    return patched(text, changes)


@transaction.atomic
def begin(*, backtest_id: int, on: date, by: int, at: datetime) -> int:
    """Let the weights that a backtest proposes run in shadow for a quarter; return its id.

    :raises ShadowRefused: it proposes none, another scorecard is in force by now, or a shadow runs already.
    """
    row = Backtest.objects.get(id=backtest_id)
    against, asked = blueprint.text_in_force("scorecard", on), row.found["proposal"]
    if asked is None:
        raise ShadowRefused(_("This backtest proposes no weights."))
    if Shadow.objects.select_for_update().filter(decided_at=None).exists():
        raise ShadowRefused(_("A proposal is in shadow already."))
    if row.text != against:
        raise ShadowRefused(_("These weights are not those of the scorecard in force."))
    text = proposed_text(against, {key: share for key, _hand, share, _low, _high in asked["weights"]})
    one = Shadow.objects.create(backtest=row, text=text, against=against, began_on=on, until_on=add_months(on, MONTHS),
                                began_at=at, by_id=by)  # fmt: skip
    journal.record("scorecard.shadow_began", by=by, at=at, data={"shadow": one.pk, "backtest": row.pk})
    return one.pk


def compare_due(on: date, *, at: datetime) -> int:
    """Compare the shadow whose quarter and grace are over; return how many were. Safe to run twice. One query where
    none is due."""
    due = Shadow.objects.filter(until_on__lte=on, found__isnull=True, decided_at=None).first()
    if due is None:
        return 0
    place = house()
    facts = Facts(place)
    made, late = decisions(place, facts.terms.book, on)
    if (on - due.until_on).days < late:
        return 0
    due.found = compared(due, facts, made)
    due.save(update_fields=["found"])
    journal.record("scorecard.shadow_ended", at=at, data={"shadow": due.pk})
    return 1


def compared(shadow: Shadow, facts: Facts, made: Any) -> dict[str, Any]:
    """Return what both scorecards said 90 days before the decisions of the quarter: counts, each one's AUC, and the
    paired difference (proposal less published) with its interval; below ten losses the counts alone."""
    within = [one for one in made if shadow.began_on <= one.on < shadow.until_on]
    days = sorted({as_of(one.on, MAIN_LEAD) for one in within})
    texts = (shadow.text, shadow.against)
    cards = [blueprint.scorecards_from(text, name="scorecard").fallback for text in texts]
    scores = [{days[at]: fleet for at, fleet in enumerate(fleets_on(card, days, facts))} for card in cards]
    there, lost = [], []
    for one in within:
        day = as_of(one.on, MAIN_LEAD)
        rows = [of[day].row_of(one.customer_id) for of in scores]
        if None not in rows:
            there.append([float(of[day].score[row]) for of, row in zip(scores, rows, strict=True)])
            lost.append(one.is_lost)
    gone, told = np.array(lost, dtype=bool), np.array(there, dtype=np.float64).reshape(len(there), 2)
    found: dict[str, Any] = {"count": len(lost), "events": int(gone.sum()),
                             "days_rebuilt": sum(not fleet.is_frozen for fleet in scores[0].values())}  # fmt: skip
    if gone.sum() < LEAST_EVENTS:
        return found
    return found | {
        "proposed": auc_with_interval(gone, -told[:, 0]), "published": auc_with_interval(gone, -told[:, 1]),
        "gain": difference(gone, -told[:, 0], -told[:, 1]),
    }  # fmt: skip


@transaction.atomic
def decide(*, shadow_id: int, word: ShadowWord, reason: str, on: date, by: int, at: datetime) -> None:
    """Adopt the proposal, which publishes its text from now on, or keep what is; with a reason. Keeping needs no end of
    the quarter: a shadow may be given up early. The same again changes nothing.

    :raises ShadowRefused: no reason; or adopting what was not compared yet, or beside another scorecard in force.
    """
    one: Shadow = Shadow.objects.select_for_update(of=("self",)).get(id=shadow_id)
    said = " ".join(reason.split())
    if one.decided_at is not None:
        return
    if not said or len(said) > MOST_REASON:
        raise ShadowRefused(_("Write why, in a sentence."))
    if word == ShadowWord.adopt:
        if one.found is None:
            raise ShadowRefused(_("The quarter is not over yet."))
        if blueprint.text_in_force("scorecard", on) != one.against:
            raise ShadowRefused(_("Another scorecard was published meanwhile."))
        configuration.publish(part="scorecard", text=one.text, reason=said, from_on=on, base=None, by=by, at=at)
    one.word, one.reason, one.decided_at, one.decided_by_id = word, said, at, by
    one.save(update_fields=["word", "reason", "decided_at", "decided_by"])
    journal.record("scorecard.shadow_decided", by=by, at=at, data={"shadow": one.pk, "word": word},
                   personal={"reason": said})  # fmt: skip
