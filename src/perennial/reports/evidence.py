"""The last backtest with the names of its cases, as page and file show it: figures of the whole house, cases of whom
the member sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language

from perennial.blueprint import queries as blueprint
from perennial.customers.access import portfolio_of, rows_of
from perennial.evidence import queries
from perennial.evidence.models import Shadow
from perennial.evidence.terms import Case, Lists, Told
from perennial.health.queries import cards_in_force
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member

ABILITY = "revenue.read"


@dataclass(frozen=True, slots=True)
class Named:
    """A case with its customer's key and name."""

    key: str
    name: str
    case: Case


@dataclass(frozen=True, slots=True)
class Running:
    """A backtest under way: its job, how many days are read of how many."""

    job_id: int
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """`told` None: never backtested. `labels`: each measure's and each veto's name. `is_current`: it is of the
    scorecard in force; `is_one_of_several`: that is the one for all others, and there are others. `shadow`: the
    proposal in shadow, else the one decided last."""

    told: Told | None
    false_greens: Sequence[Named]
    false_reds: Sequence[Named]
    lost: Sequence[Named]
    running: Running | None
    labels: Mapping[str, str]
    is_current: bool
    is_one_of_several: bool
    shadow: Shadow | None = None


def record(member: Member, *, at: datetime) -> Record:
    """Return the last backtest as the member sees it. Seven queries."""
    told, rows = queries.latest(), rows_of(member, ABILITY)
    found = Lists((), (), ()) if told is None or rows is None else queries.lists(told.id, rows)
    whom = {one.customer_id for part in (found.lost, found.false_reds) for one in part}
    names = {
        number: (key, name)
        for number, key, name in portfolio_of(member, ABILITY)
        .filter(customer_id__in=whom)
        .values_list("customer_id", "key", "name")
    }
    job, on = queries.running(), house().today(at)
    cards, text = cards_in_force(on), blueprint.text_in_force("scorecard", on)
    language = get_language() or "en"

    def named(part: Sequence[Case]) -> list[Named]:
        return [Named(*names[one.customer_id], one) for one in part if one.customer_id in names]

    return Record(
        told, named(found.false_greens), named(found.false_reds), named(found.lost),
        running=None if job is None else Running(job.pk, job.progress_done, job.progress_total),
        labels={measure.key: measure.label.text(language) for card in cards[-1:] for measure in card.card.measures}
        | {veto.key: veto.label.text(language) for card in cards[-1:] for veto in card.card.vetoes},
        is_current=told is not None and queries.is_of(told.id, text),
        is_one_of_several=len(cards) > 1,
        shadow=queries.shadow(),
    )  # fmt: skip
