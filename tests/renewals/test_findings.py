"""Causes and marks of a term: each with evidence, never changed, the latest counts; a mark proves no value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.contracts.books import customers

from perennial.customers import merging
from perennial.kernel.journal.models import JournalEntry, JournalPersonal
from perennial.kernel.versions import AppendOnly
from perennial.renewals import findings
from perennial.renewals.findings import FindingError
from perennial.renewals.models import Finding, RenewalCause
from perennial.renewals.terms import About, Found, Outcome, Said

DUE = date(2026, 6, 1)


@pytest.fixture
def say(member: Callable[..., int], now: datetime) -> Callable[..., int]:
    customer, by = customers("A", at=now)["A"], member("csm")

    def said(about: About, rating: int | None, text: str = "they said so", *, days: int = 0, **more: object) -> int:
        one = Said(about, rating, text, **more)  # type: ignore[arg-type]
        findings.find(one, customer_id=customer, due_on=DUE, by=by, at=now + timedelta(days=days))
        return customer

    return said


def test_the_latest_finding_counts_and_earlier_ones_stay(say: Callable[..., int], now: datetime) -> None:
    customer = say(About.PRICE, 1, "  budget   line 12 ", link="https://wiki.example/12")
    say(About.PRICE, -1, "the line was cut", days=1)
    say(About.DISCOUNT, 1, "offered", percent=Decimal("12.50"), days=1)
    found = findings.latest([customer])[customer, DUE]
    assert (found[About.PRICE].rating, found[About.PRICE].evidence) == (-1, "the line was cut")
    assert found[About.DISCOUNT].percent == Decimal("12.50")
    early = findings.latest([customer], at=now)[customer, DUE]
    assert (early[About.PRICE].rating, early[About.PRICE].evidence) == (1, "budget line 12")
    assert About.DISCOUNT not in early
    assert len(findings.history(customer, DUE)) == 3
    entry = JournalEntry.objects.filter(kind="renewal.found").order_by("id")[0]
    assert entry.data == {"due_on": "2026-06-01", "about": "price", "rating": 1}
    assert JournalPersonal.objects.get(entry=entry).payload == {"evidence": "budget line 12"}


@pytest.mark.parametrize(
    ("about", "rating", "more"),
    [
        (About.PRICE, 2, {}),
        (About.PRESSURE, -1, {}),
        (About.PRICE, 1, {"text": "  "}),
        (About.PRICE, 1, {"text": "x" * 501}),
        (About.PRICE, 1, {"link": "javascript:alert(1)"}),
        (About.DISCOUNT, 1, {}),
        (About.DISCOUNT, 1, {"percent": Decimal(0)}),
        (About.DISCOUNT, 1, {"percent": Decimal(101)}),
    ],
)
def test_what_proves_nothing_is_refused_and_nothing_is_written(
    about: About, rating: int, more: dict[str, object], say: Callable[..., int]
) -> None:
    with pytest.raises(FindingError):
        say(about, rating, **more)
    assert not Finding.objects.exists()
    assert not JournalEntry.objects.filter(kind="renewal.found").exists()


def test_a_finding_is_never_changed_or_deleted(say: Callable[..., int]) -> None:
    say(About.SERVICE, 1)
    row = Finding.objects.get()
    row.rating = -1
    for change in (row.save, row.delete, Finding.objects.all().delete, lambda: Finding.objects.update(rating=0)):
        with pytest.raises(AppendOnly):
            change()
    assert Finding.objects.get().rating == 1


def test_the_weakest_cause_is_the_lowest_rated_and_nobody_rated_is_none() -> None:
    def of(**ratings: int | None) -> dict[About, Found]:
        return {About(key): Found(About(key), rating, "e") for key, rating in ratings.items()}

    assert findings.weakest({}) is None
    assert findings.weakest(of(price=None)) is None
    assert findings.weakest(of(discount=0, price=1)) is About.PRICE, "a mark is no cause"
    assert findings.weakest(of(product=1, price=0, service=-1, executives=-1)) is About.SERVICE


def test_only_a_renewal_rests_on_a_mark() -> None:
    marks = {about: Found(about, 1, "e") for about in (About.DISCOUNT, About.PRESSURE)}
    assert findings.rests_on(marks, Outcome.LATE) == (About.DISCOUNT, About.PRESSURE)
    assert findings.rests_on(marks, Outcome.LOST) == ()
    assert findings.rests_on({About.PRESSURE: Found(About.PRESSURE, 0, "e")}, Outcome.EARLY) == ()
    assert findings.rests_on({About.PRICE: Found(About.PRICE, 1, "e")}, Outcome.EARLY) == ()


def test_an_open_term_has_no_cause_yet_and_a_mark_decides_nothing(member: Callable[..., int], now: datetime) -> None:
    customer, by = customers("A", at=now)["A"], member("csm")

    def decide(outcome: Outcome, cause: About, text: str = "the board cut it") -> None:
        findings.decide(customer_id=customer, due_on=DUE, outcome=outcome, cause=cause, text=text, by=by, at=now)

    for wrong in ((Outcome.OPEN, About.PRICE), (Outcome.LOST, About.PRESSURE), (Outcome.LOST, About.PRICE, " ")):
        with pytest.raises(FindingError):
            decide(*wrong)
    assert not RenewalCause.objects.exists()
    decide(Outcome.LOST, About.PRICE)
    decide(Outcome.LOST, About.PRODUCT)
    assert findings.decided([customer])[customer, DUE].cause is About.PRODUCT


def test_what_was_found_of_a_merged_customer_counts_for_who_remains(
    say: Callable[..., int], member: Callable[..., int], now: datetime
) -> None:
    gone, remains = say(About.PRICE, 0), customers("B", at=now)["B"]
    merging.merge(customer_id=gone, into=remains, by=member("admin"), at=now)
    assert set(findings.latest([remains])) == {(remains, DUE)}
