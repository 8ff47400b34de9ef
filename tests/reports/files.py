"""One customer with as many rows of everything as a test asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.contracts.books import keep, line
from tests.customers.books import customer

from perennial.contracts.actions import write_cancellations, write_receivables
from perennial.customers.actions import write_contacts
from perennial.customers.models import Customer, PortfolioRow
from perennial.engagement.actions import write_touchpoints
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.playbooks import actions as playbooks
from perennial.reports.customer_file import File, find
from perennial.support.actions import write_tickets
from perennial.voice.actions import write_answers

ON = date(2026, 3, 2)
SOURCE = "test"


def instant(days_ago: int, hour: int = 4) -> datetime:
    """Return an instant so many days before the as-of day."""
    return datetime(2026, 3, 2, hour, tzinfo=UTC) - timedelta(days=days_ago)


def rich(key: str, *, rows: int, by: int, at: datetime) -> None:
    """Give a customer `rows` of each kind: contacts, lines, receivables, cancellations, tickets, touchpoints, answers,
    tasks, subsidiaries."""
    made = Customer.objects.get(key=key)
    of = {"customer_id": made.pk}
    many = range(rows)
    write_contacts([Incoming(f"p{n}", {**of, "name": f"Person {n}"}) for n in many], source=SOURCE, at=at)
    keep(
        [line(f"l{n}", made.pk, "2025-06-01", "2026-06-01", 100_00, product="CRM") for n in many],
        at=at,
        on="2026-03-02",
    )
    keep(
        [line(f"l{n}", made.pk, "2025-06-01", "2026-06-01", 110_00, product="CRM") for n in many],
        at=at,
        on="2026-03-02",
    )
    write_receivables(
        [Incoming(f"r{n}", {**of, "due_on": date(2026, 1, 10), "amount": 100_00, "currency": "USD",
                            "received_on": date(2026, 1, 20), "received_amount": 60_00}) for n in many],
        source=SOURCE, at=at,
    )  # fmt: skip
    write_cancellations(
        [Incoming(f"c{n}", {**of, "cancelled_on": date(2026, 2, 1), "reason": "budget"}) for n in many],
        source=SOURCE,
        at=at,
    )
    write_tickets(
        [Incoming(f"t{n}", {**of, "subject": f"Ticket {n}", "opened_at": instant(9), "closed_at": None}) for n in many],
        source=SOURCE, at=at,
    )  # fmt: skip
    write_touchpoints(
        [Incoming(f"n{n}", {**of, "channel": "call", "summary": f"Call {n}", "happened_at": instant(3),
                            "member_id": by}) for n in many],
        source=SOURCE, at=at,
    )  # fmt: skip
    write_answers(
        [Incoming(f"a{n}", {**of, "kind": "nps", "score": 9.0, "answered_at": instant(5)}) for n in many],
        source=SOURCE,
        at=at,
    )
    for n in many:
        playbooks.add_task(customer_id=made.pk, owner_id=by, title=f"Task {n}", due_on=ON, by=by, at=at)
        Customer.objects.filter(key=customer(f"Site {n}", at=at, owner=by)).update(parent=made)
    PortfolioRow.objects.filter(customer=made).update(mrr=rows * 110_00, arr=rows * 1320_00, is_live=True)


def file_of(member_id: int, key: str) -> File:
    """Return the customer's file as the member sees it."""
    found = find(Member.objects.get(id=member_id), key, house=house(), on=ON)
    assert found is not None
    return found
