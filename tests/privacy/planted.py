"""A canary person and a canary customer with traces in every table and store, beside a neighbour in each."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.customers.books import customer
from tests.lake.builders import batch, event

from perennial.alerts.models import UsageAlert
from perennial.blueprint.models import ConfigDraft
from perennial.contracts.models import (
    Cancellation,
    Contract,
    Invoice,
    InvoiceLine,
    Line,
    Payment,
    Receivable,
    Settlement,
)
from perennial.customers.models import Contact, Customer, ExternalId, Ownership, PortfolioRow, SavedView
from perennial.engagement.models import Touchpoint
from perennial.evidence.models import Backtest, BacktestCase, Shadow
from perennial.health.models import Score, Scorecard
from perennial.intake import actions as intake
from perennial.intake.models import LastGroup, RejectedMessage, Unconfirmed
from perennial.integrations.imports.models import Import, ImportChunk, ImportFile, ImportRejection, SnapshotRow
from perennial.kernel.journal import actions as journal
from perennial.kernel.queue.models import Job
from perennial.playbooks.models import PutAway, Task, TodayItem
from perennial.renewals.models import Call, CallSettled, CheckpointCall, Finding, RenewalCause
from perennial.support.models import Ticket
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser
from perennial.voice.models import SurveyAnswer

ON = date(2026, 3, 2)
SOURCE = "app"


@dataclass(frozen=True)
class Planted:
    """Where the traces of one customer with one person are. `name` begins every text of theirs."""

    customer_id: int
    key: str
    fact: uuid.UUID
    user: int
    name: str
    mail: str
    company: str


def plant(word: str, *, by: int, at: datetime) -> Planted:
    """Plant a customer `<word>corp` with the person `<word> Person`, in every table that holds something personal."""
    name, mail, company = f"{word} Person", f"{word}.person@example.com", f"{word}corp"
    key = customer(company, at=at, owner=by)
    row = Customer.objects.get(key=key)
    Customer.objects.filter(id=row.pk).update(legal_name=f"{company} Ltd", credit_code=f"CC{word}"[:18],
                                              tags=[f"{word}-tag"], custom={"note": f"{word}-custom"})  # fmt: skip
    PortfolioRow.objects.filter(customer=row).update(next_step=f"call {name}", custom={"note": f"{word}-custom"})
    ExternalId.objects.create(customer=row, source=SOURCE, external_id=f"{word}-account")
    known: dict[str, Any] = {"source": "crm", "learned_at": at}
    contact = Contact(customer=row, name=name, title=f"{word}-title", email=mail, phone=f"+1 555 {len(word):04}",
                      external_id=f"{word}-contact", **known)  # fmt: skip
    contact.save()
    user = ProductUser.objects.create(source=SOURCE, external_id=mail, customer=row, name=name, learned_at=at)
    _dealings(word, row, contact, name, at, by)
    _ledger(word, row, at)
    _intake(word, row, mail, at, by)
    _imports(word, name, mail, at)
    place = {"customer_id": row.pk, "by": by, "at": at}
    journal.record("contact.added", subject=f"contact:{contact.fact}", personal={"name": name, "x": f"{word}-j"},
                   **place)  # fmt: skip
    journal.record("task.added", subject="task:1", personal={"title": f"Ask {mail}"}, **place)
    journal.record("settings.said", by=by, at=at, personal={"note": f"about {name} of {company}"})
    Job.objects.create(kind="export", payload={"text": mail}, result={"said": company}, error=f"no {mail}",
                       state="done", run_at=at, created_at=at)  # fmt: skip
    SavedView.objects.create(member_id=by, name=f"{company} and {mail}", text=company, created_at=at,
                             conditions={"value": mail})  # fmt: skip
    lake().accept(
        batch(*(event(f"{word}{n}", customer=row.pk, user=user.pk, props=f'{{"who": "{mail}", "at": "{company}"}}',
                      feature=f"{word}-feature") for n in range(3)),
              event(f"{word}-nobody", customer=row.pk, feature="shared")),
        writer="test",
    )  # fmt: skip
    return Planted(row.pk, key, contact.fact, user.pk, name, mail, company)


def _dealings(word: str, row: Customer, contact: Contact, name: str, at: datetime, by: int) -> None:
    known: dict[str, Any] = {"source": "crm", "learned_at": at, "customer": row}
    Touchpoint(contact_fact=contact.fact, member_id=by, channel="call", happened_at=at, summary=f"{word}-summary",
               outcome=f"{word}-outcome", next_step=f"{word}-next", external_id=f"{word}-touch",
               **known).save()  # fmt: skip
    Touchpoint(member_id=by, channel="mail", happened_at=at, summary=f"{name} and Somebody Else spoke",
               **known).save()  # fmt: skip
    SurveyAnswer(contact_fact=contact.fact, kind="nps", score=9, comment=f"{word}-comment", answered_at=at,
                 external_id=f"{word}-answer", **known).save()  # fmt: skip
    Ticket(subject=f"{name} cannot sign in", opened_at=at, external_id=f"{word}-ticket", **known).save()
    Task.objects.create(customer=row, owner_id=by, title=f"Call {name}", created_at=at)
    TodayItem.objects.create(on=ON, customer=row, weight=1, reasons=[{"who": name}], first_seen_on=ON)
    PutAway.objects.create(customer=row, rule="", why="other", note=f"{name} asked", on=ON, until_on=date(2026, 4, 2),
                           at=at)  # fmt: skip
    ConfigDraft.objects.update_or_create(part="scorecard", by_id=by, defaults={"text": "", "base": 0, "at": at})
    card, _made = Scorecard.objects.get_or_create(key="c", version=1, defaults={"config": {}, "published_at": at})
    Score.objects.create(customer=row, scorecard=card, on=ON, parts={"champion": name}, computed_at=at)
    found = Backtest.objects.create(key="c", digest="", text="", on=ON, made_at=at, found={}, data_version="", seed=1,
                                    versions={})  # fmt: skip
    Shadow.objects.create(backtest=found, text="", against="", began_on=ON, until_on=ON, began_at=at, by_id=by,
                          decided_at=at)  # fmt: skip
    BacktestCase.objects.create(backtest=found, customer=row, on=ON, is_lost=True, score=50.0, band="green")
    UsageAlert.objects.create(customer=row, kind="drop", listed="act", week_on=ON, raised_on=ON, raised_at=at,
                              told={"who": name}, reason=f"{name} is on leave")  # fmt: skip
    Ownership.objects.filter(customer=row)
    term: dict[str, Any] = {"customer": row, "due_on": ON, "by_id": by, "at": at}
    Call.objects.create(category="risk", reason=f"{name} said so", model="commit", p=0.9, **term)
    Finding.objects.create(about="needs", rating=1, evidence=f"{name} said it", link=f"https://{word}.example", **term)
    told: dict[str, Any] = {"model": "commit", "p": 0.9, "low": 0.8, "high": 0.95}
    said = CheckpointCall.objects.create(which="last", category="at_risk", reason=f"{name} fears it", **told, **term)
    CallSettled.objects.create(customer=row, call=said, category="commit", word=f"{name} is sure", by_id=by, at=at)
    RenewalCause.objects.create(outcome="lost", cause="needs", text=f"{name} told us why", **term)


def _ledger(word: str, row: Customer, at: datetime) -> None:
    known: dict[str, Any] = {"source": "crm", "learned_at": at, "customer": row}
    paper = Contract.objects.create(source="crm", external_id=f"{word}-paper", number=f"{word}-number", customer=row,
                                    learned_at=at)  # fmt: skip
    Line(contract=paper, kind="recurring", amount=12000, currency="USD", amount_months=1, starts_on=ON,
         external_id=f"{word}-line", auto_renews=True, **known).save()  # fmt: skip
    Cancellation(cancelled_on=ON, reason="price", comment=f"{word}-why", external_id=f"{word}-cancel", **known).save()
    Receivable(contract=paper, due_on=ON, amount=100, currency="USD", external_id=f"{word}-due",
               node="seal", node_holder=f"{word} Person", **known).save()  # fmt: skip
    bill = Invoice(contract=paper, number=f"{word}-bill", amount=100, currency="USD", state="issued", issued_on=ON,
                   external_id=f"{word}-bill", **known)  # fmt: skip
    bill.save()
    step = Receivable.objects.get(external_id=f"{word}-due").fact
    InvoiceLine(invoice=bill.fact, step=step, amount=100, external_id=f"{word}-bill", **known).save()
    paid = Payment(payer=f"{word}corp", amount=60, currency="USD", received_on=ON, reference=f"{word}-bank",
                   contract_number=f"{word}-number", external_id=f"{word}-paid", **known)  # fmt: skip
    paid.save()
    Settlement(step=step, payment=paid.fact, amount=60, external_id=f"{word}-paid", **known).save()
    Settlement(step=step, amount=40, written_off_on=ON, reason=f"{word}-insolvent", **known).save()


def _intake(word: str, row: Customer, mail: str, at: datetime, by: int) -> None:
    LastGroup.objects.create(source=SOURCE, user=mail, customer_number=row.pk, at=at)
    Unconfirmed.objects.create(source=SOURCE, external_id=f"{word}-group", name=f"{word}corp", domain=f"{word}.example",
                               first_seen_at=at, customer=row)  # fmt: skip
    key, _secret = intake.create_write_key(member_id=by, name=word[:1], source=SOURCE, events_per_second=None, by=by,
                                           at=at)  # fmt: skip
    for text in (f'{{"userId": "{mail}", "event": 1}}', f'{{"userId": "x", "groupId": "{word}-account"}}'):
        RejectedMessage.objects.create(key_id=key, reason="no_event", raw=text, received_at=at, message_id="m")


def _imports(word: str, name: str, mail: str, at: datetime) -> None:
    made = Import.objects.create(name=f"{word}corp.csv", state="published", created_at=at,
                                 findings={"examples": [mail, name]}, quality={"who": f"{word}corp"})  # fmt: skip
    ImportFile.objects.create(belongs_to=made, name=f"{word}corp.csv", path="x", size=1, digest="d")
    ImportChunk.objects.create(belongs_to=made, kind="contacts", number=1, rows=[{"email": mail, "of": f"{word}corp"}])
    ImportRejection.objects.create(belongs_to=made, file=f"{word}corp.csv", row=1, value=mail, reason="missing",
                                   detail={"of": f"{word}corp"})  # fmt: skip
    SnapshotRow.objects.create(belongs_to=made, dataset="d", external_id=f"{word}-account", features={"who": mail,
                               "of": f"{word}corp"})  # fmt: skip
