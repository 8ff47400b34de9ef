"""Revenue as it was reported beside as it is known now, what became known later, and what is in grace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.contracts.books import customers, keep, line, own

from perennial.contracts.actions import rebuild_movements
from perennial.customers.models import Customer
from perennial.kernel.organisation.models import Organisation

TODAY = date(2024, 12, 31)


@pytest.fixture
def browser(member: Callable[..., int]) -> Callable[..., Client]:
    """Return a maker of signed-in browsers, by role, on 31 Dec 2024."""
    Organisation.objects.update(as_of_on=TODAY)
    return lambda role="analyst": signed_in(member(role))


@pytest.fixture
def found_later(organisation: None, now: datetime) -> dict[str, int]:
    """Signs' year ended on 20 June unsigned; churn on 20 July; in September it signed from 20 June on. Late's ended on
    20 December. The books were opened in February."""
    ids = customers("Signs", "Late", at=now)
    signs = line("1", ids["Signs"], "2023-06-20", "2024-06-20", 1200_00, amount_months=12)
    late = line("2", ids["Late"], "2023-12-20", "2024-12-20", 2400_00, amount_months=12)
    keep([signs, late], at=now, on="2024-02-01")
    for day in (date(2024, 7, 20), date(2024, 12, 20)):
        if day.month == 12:
            keep([line("3", ids["Signs"], "2024-06-20", None, 100_00, renewal_of_external_id="1")], at=now,
                 on="2024-09-10")  # fmt: skip
        rebuild_movements(on=day)
    return ids


def test_the_ledger_as_reported_keeps_what_was_said_and_what_was_found_later(
    browser: Callable[..., Client], found_later: dict[str, int]
) -> None:
    client = browser()
    restated = client.get("/revenue?period=2024").content.decode()
    reported = client.get("/revenue?period=2024&view=reported").content.decode()
    assert "figure=churn&amp;from=2024-07" not in restated
    assert "figure=churn&amp;from=2024-07&amp;until=2024-07&amp;view=reported" in reported
    assert "figure=restated&amp;from=2024-09&amp;until=2024-09&amp;view=reported" in reported
    assert "as reported: each movement on the day on which it was known" in reported
    assert "as restated: each movement on its own day, as known now" in restated
    behind = client.get("/revenue/customers?figure=restated&from=2024-09&until=2024-09&view=reported").content.decode()
    assert "Signs" in behind and "$100.00" in behind
    opened = client.get("/revenue/explanation?figure=churn&from=2024-07&until=2024-07&view=reported").content.decode()
    assert "-$100.00" in opened.replace("−", "-") and "a month that is over never changes" in opened
    chart = client.get("/revenue/chart?period=2024&view=reported").json()
    assert "Restated" in chart["x"]
    for place in ("/revenue?period=2024", "/revenue?period=2024&rates=constant"):
        assert "view=reported" in client.get(place).content.decode()
    assert "rates=constant&amp;view=reported" in client.get("/revenue?period=2024&rates=constant").content.decode()


def test_what_became_known_later_is_listed_and_leaves_as_a_file(
    browser: Callable[..., Client], found_later: dict[str, int]
) -> None:
    client = browser()
    page = client.get("/revenue/later?from=2024-07&until=2024-07").content.decode()
    assert "Signs" in page and "20 Jul" in page and "10 Sep" in page and "$100.00" in page
    empty = client.get("/revenue/later?from=2024-03&until=2024-03").content.decode()
    assert "Both ledgers tell these months alike" in empty
    file = client.post("/revenue/export?period=custom&from=2024-07&until=2024-07&table=later", {"format": "csv"})
    rows = file.content.decode("utf-8-sig").splitlines()
    assert rows[0].endswith("Movement,Its day,Reported on,Taken back on,Amount (USD),Restated − reported (USD)")
    assert rows[1].endswith("Signs,Churn,2024-06-20,2024-07-20,2024-09-10,-100.00,100.00")


def test_what_is_in_grace_has_a_figure_of_its_own_that_opens(
    browser: Callable[..., Client], found_later: dict[str, int]
) -> None:
    client = browser()
    page = client.get("/revenue").content.decode()
    assert "<dt>In grace</dt>" in page and "1 customer, unsigned" in page
    opened = client.get("/revenue/explanation?figure=in_grace&from=2024-01&until=2024-12").content.decode()
    assert '<dt>In grace</dt><dd class="num">$200.00</dd>' in opened
    listed = client.get("/revenue/customers?figure=in_grace&from=2024-01&until=2024-12").content.decode()
    assert "Late" in listed and "Signs" not in listed and "$200.00" in listed
    assert "<dt>In grace</dt>" not in client.get("/revenue?period=2023").content.decode()
    key = Customer.objects.get(id=found_later["Late"]).key
    own(found_later["Late"], None, datetime(2024, 12, 31, tzinfo=UTC))
    tab = client.get(f"/customers/{key}?tab=contracts").content.decode()
    assert "in grace until 19 Jan" in tab
