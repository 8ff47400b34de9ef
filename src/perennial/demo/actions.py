"""Writes of the demo: one call makes the company; a call that was interrupted is completed by the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.contracts import actions as contracts
from perennial.customers import queries as customers
from perennial.demo import judgements, records
from perennial.demo.calculations import usage as product_use
from perennial.demo.calculations.world import FEWEST_CUSTOMERS, World, world_of
from perennial.demo.companies.en import EN
from perennial.demo.companies.zh import ZH
from perennial.demo.queries import BEGUN, SEEDED, Begun, begun
from perennial.demo.terms import SOURCE
from perennial.health import actions as health
from perennial.jobs import nightly, reactions
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import NotInitialised, house
from perennial.members import queries as members
from perennial.playbooks import actions as playbooks
from perennial.reports import portfolio
from perennial.usage import actions as usage
from perennial.usage.lake import lake

COMPANIES = {company.key: company for company in (EN, ZH)}
IMPORT_ID = 0
"""The lake's number of the demo's events: real imports are counted from 1."""


class DemoRefused(ValueError):
    """A demo that cannot be here; the message says why."""


PAST_WEEKS = 13
USAGE_PARTS = 10
"""How much of the computing the product use is, beside a week of scores."""


class Tell(Protocol):
    """Hears which step is being done, and how much of it where that is known."""

    def __call__(self, step: str, done: int | None = None, total: int | None = None, /) -> None: ...


def _nobody(_step: str, _done: int | None = None, _total: int | None = None, /) -> None:
    """Tell nobody."""


def seed(wanted: Begun, *, password: str, at: datetime, tell: Tell = _nobody) -> dict[str, float]:
    """Make the demo company in an empty home, or complete the one that an earlier call left; return seconds by step.

    The records are one transaction: all or none. What follows is safe to run twice.

    :raises DemoRefused: an organisation lives in this home, or too few customers were asked for.
    """
    seconds: dict[str, float] = {}
    present = begun() or wanted
    with _step("generate", seconds, tell):
        world = _world(present)
    if begun() is None:
        _refuse_strangers_home()
        with transaction.atomic():
            _found(world, at=at)
            _write_records(world, password=password, at=at, seconds=seconds, tell=tell)
            journal.record(BEGUN, at=at, data={"company": wanted.company, "customers": wanted.customers,
                                               "seed": wanted.seed, "on": wanted.on.isoformat()})  # fmt: skip
    with _step("usage", seconds, tell):
        _write_usage(world, at=at)
    with _step("compute", seconds, tell):
        _compute(present.on, at=at, tell=tell)
    with _step("renewals", seconds, tell):
        _judge(world, at=at)
    journal.record(SEEDED, at=at, data={"company": present.company})
    return seconds


def _world(wanted: Begun) -> World:
    try:
        return world_of(COMPANIES[wanted.company], on=wanted.on, customers=wanted.customers, seed=wanted.seed)
    except ValueError as error:
        raise DemoRefused(_("A demo needs %(least)s customers or more.") % {"least": FEWEST_CUSTOMERS}) from error


def _refuse_strangers_home() -> None:
    try:
        house()
    except NotInitialised:
        return
    raise DemoRefused(_("This home belongs to an organisation. Use another --home for the demo."))


def _found(world: World, *, at: datetime) -> None:
    company = world.company
    organisation.found(
        name=company.name, currency=company.currency, timezone=company.timezone, language=company.language, at=at,
        amounts_include_tax=company.tax_rate is not None, is_demo=True,
    )  # fmt: skip


def _write_records(world: World, *, password: str, at: datetime, seconds: dict[str, float], tell: Tell) -> None:
    with _step("people", seconds, tell):
        ids = records.write_people(world, password=password, at=at)
    with _step("customers", seconds, tell):
        ids = records.write_customers(world, ids)
        records.write_contacts(world, ids)
    with _step("contracts", seconds, tell):
        records.write_rates(world, at=at)
        papers = records.write_papers(world, ids, at=at)
    with _step("money", seconds, tell):
        records.write_money(world, ids, papers, at=at)
    with _step("dealings", seconds, tell):
        records.write_dealings(world, ids, at=at)


def _write_usage(world: World, *, at: datetime) -> None:
    """Stage the use of the product and publish it; a second time changes nothing."""
    store = lake()
    if store.is_published(IMPORT_ID):
        return
    numbers = customers.ids_of(SOURCE, [account.external_id for account in world.accounts])
    users = usage.user_ids(SOURCE, [(numbers[customer], user) for customer, user in world.usage.users], at=at)
    tables = product_use.tables(
        world.company, world.usage, customers=numbers, users=users, import_id=IMPORT_ID, seed=world.seed
    )
    for part, table in enumerate(tables):
        store.stage(IMPORT_ID, part, table)
    store.publish(IMPORT_ID)


def _compute(on: date, *, at: datetime, tell: Tell) -> None:
    """Derive everything as of the demo's day, and the scores of the quarter before it, so that bands have a past.

    The demo stays on its day: on the real clock all its customers would fall silent within a week.
    """
    steps = len(nightly.STEPS)
    total = USAGE_PARTS + PAST_WEEKS + steps
    contracts.rebuild_movements(on=on)
    usage.bring_up_to(on, at=at, report=lambda done, of: tell("compute", USAGE_PARTS * done // of, total))
    for week in range(PAST_WEEKS):
        tell("compute", USAGE_PARTS + week, total)
        health.score_day(on - timedelta(weeks=PAST_WEEKS - week), at=at)

    def report(done: int, _of: int | None, _step: str) -> None:
        tell("compute", USAGE_PARTS + PAST_WEEKS + done, total)

    nightly.move_to(on, by=None, at=at, report=report)


def _judge(world: World, *, at: datetime) -> None:
    """Say what CSMs expect of their renewals, and bring rows and Today of those customers in step."""
    leader = next(person.mail for person in world.people if person.role == "leader")
    member = members.by_email(leader)
    assert member is not None  # the records hold them all
    spoken_of = judgements.write(world, leader=member.pk)
    if spoken_of:
        portfolio.rewrite(world.on, at=at, customer_ids=spoken_of)
        playbooks.plan_today(world.on, at=at, customer_ids=spoken_of)
    reactions.settle(at=at)


@contextmanager
def _step(name: str, seconds: dict[str, float], tell: Tell) -> Iterator[None]:
    tell(name)
    started = time.monotonic()
    yield
    seconds[name] = round(time.monotonic() - started, 2)
