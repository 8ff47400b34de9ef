"""What the demo's CSMs said of their renewals: calls at checkpoints, plans, causes and marks, and why terms ended.

Written by the doors that a member's own word goes through, beside what the model says of each term.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction
from django.db.models import Q

from perennial.blueprint import queries as blueprint
from perennial.customers import queries as customers
from perennial.demo.calculations.dealings import instant
from perennial.demo.calculations.world import World
from perennial.demo.companies.words_of_renewals import CALLS, CAUSES, FINDINGS, STEPS
from perennial.demo.terms import SOURCE, Account
from perennial.insights import checkpoints as modelled
from perennial.insights import due, forecast, learning
from perennial.insights.terms import Term
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.playbooks import actions as playbooks
from perennial.renewals import calls, checkpoints, findings, plans
from perennial.renewals.calculations.categories import one_step_from
from perennial.renewals.checkpoints import Spot
from perennial.renewals.terms import CAUSES as FOUR_CAUSES
from perennial.renewals.terms import RENEWED, About, Category, Due, Modelled, Outcome, Said, Which

FORGOTTEN = 0.07
"""So many calls are still missing: somebody has to see what that looks like."""
LOOKED_BACK = timedelta(days=270)
DECIDED = {True: 0.3, False: 0.75}
"""Of the terms that renewed and of those that were lost, so many have their cause on file."""
AT = 11 * 60
UNMET = "silent_decider"
"""The story of whose level 1 nobody has met for long: its owner says so."""


@dataclass(frozen=True, slots=True)
class _Teller:
    """Who speaks of a term of which customer: its owner, with a chance of his own for each term."""

    world: World
    account: Account
    customer_id: int
    due_on: date
    by: int

    @property
    def rng(self) -> Random:
        """Return the chances of this term, the same each time."""
        return Random(f"{self.world.seed}:said:{self.account.external_id}:{self.due_on}")

    @property
    def language(self) -> str:
        """Return by which key the company's words are found."""
        return self.world.company.key

    def at(self, day: date) -> datetime:
        """Return when something was said of a day, never later than the day before the demo's."""
        return instant(self.world.company, min(day, self.world.on - timedelta(1)), AT)


@transaction.atomic
def write(world: World, *, leader: int) -> list[int]:
    """Say of each term what its owner would; return the customers spoken of. What was said already is not said again.

    `leader` settles some of the calls that differ from the model's. About ten queries a term.
    """
    numbers = customers.ids_of(SOURCE, [account.external_id for account in world.accounts])
    by_number = {numbers[account.external_id]: account for account in world.accounts}
    if calls.latest(list(by_number)) or checkpoints.latest(list(by_number)):
        return []
    told: set[int] = set()
    for teller, one, term in _terms(world, by_number):
        told.add(one.customer_id)
        if one.outcome is Outcome.OPEN:
            _of_open(teller, one, term, leader)
        elif one.due_on > world.on - LOOKED_BACK:
            _of_ended(teller, one)
    return sorted(told)


def _terms(world: World, by_number: Mapping[int, Account]) -> Iterator[tuple[_Teller, Due, Term]]:
    """Yield the terms around the day that have an owner, each with what the model says."""
    learned, place = learning.latest(), house()
    if learned is None:
        return
    rules, view = blueprint.renewals(world.on), due.view_of(place, world.on)
    dues = due.due_of(Period(world.on - LOOKED_BACK, world.on + timedelta(rules.furthest_days + 1)), Q(), view)
    terms = forecast.terms_of([due.seen(one, view) for one in dues], view, learned, place.fiscal_start_month)
    by_place = {(term.customer_id, term.due_on): term for term in terms}
    for one in dues:
        term, account = by_place[one.customer_id, one.due_on], by_number.get(one.customer_id)
        if term.owner_id is not None and account is not None:
            yield _Teller(world, account, one.customer_id, one.due_on, term.owner_id), one, term


def _of_open(teller: _Teller, one: Due, term: Term, leader: int) -> None:
    rng, on = teller.rng, teller.world.on
    rules = blueprint.renewals(on)
    spot = checkpoints.reached_by([one], {one.customer_id: teller.account.segment}, rules, on).get(
        (one.customer_id, one.due_on)
    )
    said = modelled.modelled(term)
    if spot is None or said is None or rng.random() < FORGOTTEN:
        return
    days = rules.of(teller.account.segment)
    since = one.due_on - timedelta(days.last_days if spot.which is Which.LAST else days.first_days)
    at = teller.at(since + timedelta(rng.randint(0, 9)))
    _call(teller, spot, said, at, leader, rng)
    if spot.which is Which.LAST:
        _plan(teller, rng)
        if teller.account.size < 2 or teller.account.story == UNMET:
            _find(teller, at, rng)


def _call(teller: _Teller, spot: Spot, said: Modelled, at: datetime, leader: int, rng: Random) -> None:
    """Say what the owner expects: mostly as the model does, better where the customer is happy."""
    words, draw = CALLS[teller.language], rng.random()
    order = list(Category)
    better = [one for one in one_step_from(said.category) if order.index(one) < order.index(said.category)]
    worse = [one for one in one_step_from(said.category) if order.index(one) > order.index(said.category)]
    category: Category | None = said.category
    kind = "agreed"
    if draw < 0.1 and spot.which is Which.FIRST:
        category, kind = None, "waiting"
    elif draw < 0.25 and teller.account.mood > 0.65 and better:
        category, kind = better[0], "higher"
    elif draw < 0.4 and teller.account.mood < 0.4 and worse:
        category, kind = worse[0], "lower"
    checkpoints.take(spot, category=category, reason=rng.choice(words[kind]), said=said, counted=said.category,
                     by=teller.by, at=at)  # fmt: skip
    if kind in {"higher", "lower"} and category is not None and rng.random() < 0.5:
        checkpoints.settle(spot, category=category, word=words["word"][0], said=said, counted=category, by=leader,
                           at=at + timedelta(days=1))  # fmt: skip


def _plan(teller: _Teller, rng: Random) -> None:
    """Plan the next step: the earlier ones are behind it, and one task a customer is what a CSM keeps in view."""
    on = teller.world.on
    left = (teller.due_on - on).days
    step = STEPS[teller.language][0 if left > 60 else 1 if left > 25 else 2]
    due_on = on + timedelta(rng.randint(1, max(2, min(left, 21))))
    task = playbooks.add_task(customer_id=teller.customer_id, owner_id=teller.by, title=step, due_on=due_on,
                              by=teller.by, at=teller.at(on - timedelta(rng.randint(1, 20))))  # fmt: skip
    plans.add(customer_id=teller.customer_id, due_on=teller.due_on, task_id=task)


def _find(teller: _Teller, at: datetime, rng: Random) -> None:
    """Rate the four causes by the customer's mood, with what shows it; some deals rest on a mark."""
    words = FINDINGS[teller.language]
    for cause in FOUR_CAUSES:
        rating = max(-1, min(1, round(rng.gauss(2.6 * (teller.account.mood - 0.5), 0.6))))
        if teller.account.story == UNMET and cause is About.EXECUTIVES:
            rating = -1
        told = Said(cause, rating, words[cause.value][rating + 1])
        findings.find(told, customer_id=teller.customer_id, due_on=teller.due_on, by=teller.by, at=at)
    if rng.random() < 0.15:
        mark = rng.choice((About.DISCOUNT, About.PRESSURE))
        percent = Decimal(rng.choice((5, 8, 10))) if mark is About.DISCOUNT else None
        findings.find(Said(mark, 1, words[mark.value][2], percent=percent), customer_id=teller.customer_id,
                      due_on=teller.due_on, by=teller.by, at=at)  # fmt: skip


def _of_ended(teller: _Teller, one: Due) -> None:
    """Say why a term renewed or was lost, for as many as somebody found the time."""
    rng, has_renewed = teller.rng, one.outcome in RENEWED
    if rng.random() >= DECIDED[has_renewed]:
        return
    cause = rng.choices(FOUR_CAUSES, (4, 2, 3, 3))[0]
    text = CAUSES[teller.language][cause.value][int(has_renewed)]
    findings.decide(customer_id=teller.customer_id, due_on=teller.due_on, outcome=one.outcome, cause=cause, text=text,
                    by=teller.by, at=teller.at(one.due_on + timedelta(rng.randint(1, 20))))  # fmt: skip
