"""A generated company goes into the records by the doors of an import, each fact learned at its own date."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

from perennial.contracts import actions as contracts
from perennial.contracts import collecting, rates
from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.demo.calculations.approvals import stages
from perennial.demo.calculations.dealings import instant
from perennial.demo.calculations.world import World
from perennial.demo.terms import SOURCE, Account, ContactRow, LineRow, ReceivableRow
from perennial.engagement import actions as engagement
from perennial.insights import actions as insights
from perennial.kernel.versions import Incoming
from perennial.members import actions as members
from perennial.playbooks import actions as playbooks
from perennial.support import actions as support
from perennial.team import actions as team
from perennial.voice import actions as voice

NOON = 12 * 60
CHANNEL = "channel"
"""The own field that says by which way a customer came."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Ids:
    """The numbers that the records gave: members by mail, teams by name, customers by external id."""

    members: Mapping[str, int]
    teams: Mapping[str, int]
    customers: Mapping[str, int]


def fact_of(external_id: str) -> uuid.UUID:
    """Return the fact under which a contact is kept, known before it is written so that a touchpoint can name it."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"perennial:{SOURCE}:{external_id}")


def write_people(world: World, *, password: str, at: datetime) -> Ids:
    """Write teams and members. The first of each role signs in with the password, so that a visitor can try them all;
    the others cannot until an admin gives them one (a hash each would be most of the time of this step)."""
    roles = {person.role: person.mail for person in reversed(world.people)}
    teams = {name: members.create_team(name=name, by=None, at=at) for name in world.company.teams}
    found = {
        person.mail: members.create_member(
            email=person.mail, name=person.name, role=person.role, by=None, at=at,
            password=password if roles[person.role] == person.mail else None,
            team_id=teams[person.team] if person.team else None, language=world.company.language,
        )
        for person in world.people
    }  # fmt: skip
    return Ids(members=found, teams=teams, customers={})


def write_customers(world: World, ids: Ids) -> Ids:
    """Write the customers month by month of their first day, so that they and their owners are known since then."""
    found: dict[str, int] = {}
    for month, accounts in _by(world.accounts, lambda one: one.starts_on.replace(day=1)):
        facts = [_facts(account) for account in accounts]
        found |= customers.upsert(facts, by=None, at=instant(world.company, month, NOON))[0]
    return Ids(members=ids.members, teams=ids.teams, customers=found)


def _facts(account: Account) -> CustomerFacts:
    return CustomerFacts(
        source=SOURCE, external_id=account.external_id, name=account.name, legal_name=account.legal_name,
        credit_code=account.credit_code, parent_external_id=account.parent, owner_email=account.owner,
        reseller=account.reseller, industry=account.industry, country=account.country, region=account.region,
        segment=account.segment, deployment=account.deployment, signed_up_on=account.starts_on,
        first_value_on=account.first_value_on, tags=account.tags, custom={CHANNEL: account.channel},
    )  # fmt: skip


def write_contacts(world: World, ids: Ids) -> None:
    """Write the contacts as they became known, month by month: who they are, the next rung, and that they left."""

    def values(row: ContactRow, **changed: Any) -> dict[str, Any]:
        return {**_values(row, ids, but=("known_on", "climbed_on", "left_on")), **changed}

    news: list[tuple[date, ContactRow, dict[str, Any]]] = []
    for row in world.dealings.contacts:
        has_climbed = row.climbed_on is not None and row.climbed_on > row.known_on and row.rung
        news.append((row.known_on, row, values(row, rung=row.rung - 1 if has_climbed and row.rung else row.rung)))
        if has_climbed and row.climbed_on:
            news.append((row.climbed_on, row, values(row)))
        if row.left_on:
            news.append((row.left_on, row, values(row, left_on=row.left_on)))
    for day, learned in _by(news, lambda one: one[0]):
        last = {row.external_id: now for _day, row, now in learned}  # what one day tells twice of a person counts once
        customers.write_contacts(
            [Incoming(external_id, now, None, fact_of(external_id)) for external_id, now in last.items()],
            source=SOURCE, at=instant(world.company, day, NOON),
        )  # fmt: skip


def write_papers(world: World, ids: Ids, *, at: datetime) -> Mapping[str, int]:
    """Write products, contracts, lines, notices day by day, and receivable plans; return the contracts' numbers."""
    company, papers = world.company, world.papers

    def on(day: date) -> datetime:
        return instant(company, day, NOON)

    def party(external_id: str | None) -> int | None:
        return ids.customers[external_id] if external_id else None

    products = contracts.write_products(dict(company.products))
    resellers = customers.write_resellers(company.resellers)
    rows = [
        Incoming(
            row.external_id,
            {
                "number": row.number, "kind": row.kind, "customer_id": ids.customers[row.customer],
                "signing_party_id": party(row.signing), "paying_party_id": party(row.paying),
                "invoiced_party_id": party(row.invoiced), "framework_external_id": row.framework,
                "reseller_id": resellers[row.reseller] if row.reseller else None, "signed_on": row.signed_on,
                "accepted_on": row.accepted_on,
            },
            on(row.signed_on),
        )
        for row in papers.contracts
    ]  # fmt: skip
    contract_ids, _counted = contracts.write_contracts(rows, source=SOURCE, at=at)
    lines = [
        Incoming(row.external_id, _line(world, row, ids, contract_ids, products), on(row.known_on))
        for row in papers.lines
    ]
    contracts.write_lines(lines, source=SOURCE, at=at)
    for day, notices in _by(papers.cancellations, lambda row: row.cancelled_on):
        contracts.write_cancellations(
            [
                Incoming(row.external_id, {**_values(row, ids, but=("line",)), "line_external_id": row.line}, on(day))
                for row in notices
            ],
            source=SOURCE, at=on(day),
        )  # fmt: skip
    _write_receivables(world, ids, contract_ids, at=at)
    return contract_ids


def _write_receivables(world: World, ids: Ids, contract_ids: Mapping[str, int], *, at: datetime) -> None:
    """Write the receivable plans: how each step stood at the customer's approval nodes day by day, then as it is."""
    company, plans = world.company, world.papers.receivables
    holders = {row.customer: row.name for row in world.dealings.contacts if row.level == 2 and row.left_on is None}

    def told(row: ReceivableRow, learned: date | None) -> Incoming:
        values = {
            **_values(row, ids, but=("contract", "known_on")),
            "contract_id": contract_ids[row.contract],
            "node_holder": holders.get(row.customer, "") if row.node else "",
        }
        return Incoming(row.external_id, values, None if learned is None else instant(company, learned, NOON))

    before = [row for plan in plans for row in stages(plan, on=world.on)]
    for day, rows in _by(before, lambda row: row.node_since_on or row.known_on):
        last = {row.external_id: row for row in rows}  # who came to two nodes on one day stands at the last
        contracts.write_receivables([told(row, min(row.known_on, day)) for row in last.values()], source=SOURCE,
                                    at=instant(company, day, NOON))  # fmt: skip
    contracts.write_receivables([told(row, row.known_on) for row in plans], source=SOURCE, at=at)


def write_rates(world: World, *, at: datetime) -> None:
    """Write what foreign money was worth, before anything is owed in it."""
    rates.write_rates(
        [
            Incoming(None, {"base": row.base, "currency": row.currency, "on": row.on, "rate": row.rate},
                     instant(world.company, row.on, NOON))
            for row in world.money.rates
        ],
        source=SOURCE, at=at,
    )  # fmt: skip


def write_money(world: World, ids: Ids, papers: Mapping[str, int], *, at: datetime) -> None:
    """Write invoices, payments with the steps that they settle, and what winning customers cost."""
    company, money = world.company, world.money
    collecting.write_invoices(
        [
            Incoming(
                row.external_id,
                {**_values(row, ids, but=("contract", "step", "red_of")), "contract_id": papers[row.contract],
                 collecting.STEP: row.step, collecting.RED: row.red_of},
                instant(company, row.issued_on or row.requested_on, NOON),
            )
            for row in money.invoices
        ],
        source=SOURCE, at=at,
    )  # fmt: skip
    collecting.write_payments(
        [
            Incoming(
                row.external_id,
                {**_values(row, ids, but=("step",)), collecting.STEP: row.step},
                instant(company, row.received_on, NOON),
            )
            for row in money.payments
        ],
        source=SOURCE, at=at,
    )  # fmt: skip
    insights.write_spend(
        [
            Incoming(row.external_id, {**_values(row, ids), "currency": company.currency},
                     instant(company, row.month, NOON))
            for row in money.spend
        ],
        source=SOURCE, at=at,
    )  # fmt: skip


def _line(
    world: World, row: LineRow, ids: Ids, contract_ids: Mapping[str, int], products: Mapping[str, int]
) -> dict[str, Any]:
    company = world.company
    return {
        **_values(row, ids, but=("contract", "product", "known_on", "renewal_of", "pauses")),
        "contract_id": contract_ids[row.contract],
        "product_id": products[row.product],
        "amount_includes_tax": company.tax_rate is not None,
        "renewal_of_external_id": row.renewal_of,
        "pauses": [[since.isoformat(), until.isoformat() if until else None] for since, until in row.pauses],
    }


def write_dealings(world: World, ids: Ids, *, at: datetime) -> None:
    """Write tickets, touchpoints, survey answers, tasks and targets."""
    dealings = world.dealings
    support.write_tickets(
        [Incoming(row.external_id, _values(row, ids), row.opened_at) for row in dealings.tickets], source=SOURCE, at=at
    )
    engagement.write_touchpoints(
        [
            Incoming(
                row.external_id,
                {**_values(row, ids, but=("contact", "by")), "member_id": ids.members[row.by], "is_proactive": True,
                 "contact_fact": fact_of(row.contact) if row.contact else None},
                row.happened_at,
            )
            for row in dealings.touches
        ],
        source=SOURCE, at=at,
    )  # fmt: skip
    voice.write_answers(
        [
            Incoming(
                row.external_id,
                {**_values(row, ids, but=("contact",)), "contact_fact": fact_of(row.contact) if row.contact else None},
                row.answered_at,
            )
            for row in dealings.answers
        ],
        source=SOURCE, at=at,
    )  # fmt: skip
    for task in dealings.tasks:
        playbooks.add_task(customer_id=ids.customers[task.customer], owner_id=ids.members[task.owner], title=task.title,
                           due_on=task.due_on, by=None, at=at - timedelta(days=5))  # fmt: skip
    team.write_targets(
        [
            Incoming(
                row.external_id,
                {**_values(row, ids, but=("member", "team")), "currency": world.company.currency,
                 "member_id": ids.members[row.member] if row.member else None,
                 "team_id": ids.teams[row.team] if row.team else None},
                instant(world.company, row.starts_on, NOON),
            )
            for row in world.targets
        ],
        source=SOURCE, at=at,
    )  # fmt: skip


def _values(row: Any, ids: Ids, *, but: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row's fields as columns: the customer as its number, without its external id and those of `but`."""
    values = {name: value for name, value in asdict(row).items() if name not in {"external_id", *but}}
    if "customer" in values:
        customer = values.pop("customer")
        values["customer_id"] = None if customer is None else ids.customers[customer]
    return values


def _by(rows: Iterable[Row], day_of: Callable[[Row], date]) -> Iterator[tuple[date, list[Row]]]:
    """Yield the rows by day, oldest first, in their own order within a day."""
    for day, group in groupby(sorted(rows, key=day_of), key=day_of):
        yield day, list(group)
