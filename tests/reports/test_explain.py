"""Every number opens, to what it is made of, for who may see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from tests.customers.books import customer
from tests.reports.files import ON, SOURCE, file_of, instant, rich

from perennial.contracts.models import Line
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS
from perennial.customers.models import Customer, PortfolioRow
from perennial.health import actions as health
from perennial.health.models import Score
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.reports import inputs, portfolio
from perennial.reports.explain import Explanation, explain, explain_line
from perennial.support.actions import write_tickets


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Any) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    csm = member("csm")
    key = customer("Acme", at=now, owner=csm)
    rich(key, rows=3, by=csm, at=now)
    health.score_day(ON, at=now)
    portfolio.rewrite(ON, at=now)
    return {"csm": csm, "reader": member("reader"), "key": key, "id": Customer.objects.get(key=key).pk}


def opened(place: dict[str, Any], key: str, who: str = "csm") -> Explanation | None:
    fields = visible_fields(Member.objects.get(id=place[who]))
    return explain(key, fields, file_of(place[who], place["key"]))


@pytest.mark.parametrize("key", ["mrr", "arr", "collections"])
def test_the_inputs_of_an_amount_add_up_to_it(place: dict[str, Any], key: str) -> None:
    found = opened(place, key)
    assert found is not None
    assert len(found.inputs) == 3
    assert (
        sum(one.value for one in found.inputs)
        == found.value
        == {"mrr": 330_00, "arr": 3960_00, "collections": 180_00}[key]
    )


def test_what_was_received_is_held_against_what_was_due(place: dict[str, Any]) -> None:
    found = opened(place, "collections_due")
    assert found is not None
    assert [one.value for one in found.inputs] == [100_00] * 3
    assert found.value == 300_00


def test_the_mrr_of_one_line_opens_to_its_amount_and_months_for_who_may_see_it(place: dict[str, Any]) -> None:
    line = Line.objects.current().filter(customer_id=place["id"]).order_by("pk")[0]
    mine = file_of(place["csm"], place["key"])
    found = explain_line(mine, line.pk, mine.fields)
    assert found is not None
    assert found.value == 110_00
    assert {str(one.label): one.value for one in found.inputs} == {
        "Amount": line.amount, "Amount includes tax": False,
        "Months of the amount (none: the whole term)": line.amount_months,
        "Starts on": line.starts_on, "Ends before": line.ends_on,
    }  # fmt: skip
    reader = file_of(place["reader"], place["key"])
    assert explain_line(reader, line.pk, reader.fields) is None
    assert explain_line(mine, 10**9, mine.fields) is None


def test_the_arr_to_renew_opens_to_the_lines_that_end_on_that_day(place: dict[str, Any]) -> None:
    found = opened(place, "renewal_arr")
    assert found is not None
    assert [one.value for one in found.inputs] == [1320_00] * 3
    assert found.value == 3960_00


def test_the_inputs_of_the_coverage_are_whole_percents_that_add_up_to_it(place: dict[str, Any]) -> None:
    found = opened(place, "coverage")
    assert found is not None
    assert all(one.value * 100 == int(one.value * 100) for one in found.inputs)
    assert sum(one.value for one in found.inputs) == Fraction(int(found.value * 100), 100)


def test_the_error_of_the_score_opens_to_what_is_assumed(place: dict[str, Any]) -> None:
    found = opened(place, "score_error")
    assert found is not None
    assert found.value == Decimal(Score.objects.get(customer_id=place["id"]).parts["error"])
    assert "Usage trend" in {one.label for one in found.inputs}
    assert "Open tickets" not in {one.label for one in found.inputs}


def test_satisfaction_opens_to_the_answers_of_ninety_days(place: dict[str, Any], now: datetime) -> None:
    kinds = [(3, 5.0), (80, 2.0), (91, 1.0), (1, None)]
    rows = [
        Incoming(f"s{n}", {"customer_id": place["id"], "subject": f"Answered {n}", "opened_at": instant(100),
                           "closed_at": instant(days), "satisfaction": answer})
        for n, (days, answer) in enumerate(kinds)
    ]  # fmt: skip
    write_tickets(rows, source=SOURCE, at=now)
    found = opened(place, "satisfaction")
    assert found is not None
    assert found.value == 3.5
    assert {one.label: one.value for one in found.inputs} == {"Answered 0": 5.0, "Answered 1": 2.0}


def test_a_number_says_when_it_was_computed(place: dict[str, Any]) -> None:
    found = opened(place, "mrr")
    assert found is not None
    assert found.computed_at == PortfolioRow.objects.get(key=place["key"]).updated_at


@pytest.mark.parametrize(
    ("measure", "room", "wanted"),
    [
        ("nps", "voice", [9.0, 9.0, 9.0]),
        ("csat", "support", []),
        ("touch_ratio", "engagement", [instant(3), 3, 365]),
        ("level_1_rung", "customers", [3]),
        ("overdue_days", "contracts", [40_00, 40_00, 40_00]),
        ("renewal_days_behind", "contracts", [date(2026, 6, 1)] * 3),
        ("open_tickets", "support", [instant(9)] * 3),
        ("breadth_28d", "usage", []),
    ],
)
def test_a_measure_of_the_score_opens_to_what_it_was_read_from(
    place: dict[str, Any], measure: str, room: str, wanted: list[Any]
) -> None:
    told_by, found = inputs.behind(file_of(place["csm"], place["key"]), measure)
    assert (told_by, [one.value for one in found]) == (room, wanted)


def test_a_measure_of_money_opens_to_nothing_for_who_may_not_see_it(place: dict[str, Any]) -> None:
    reader = file_of(place["reader"], place["key"])
    assert inputs.behind(reader, "overdue_days") == inputs.behind(reader, "renewal_days_behind") == ("contracts", [])


def test_the_inputs_of_the_score_are_its_mean_and_contributions(place: dict[str, Any]) -> None:
    found = opened(place, "score")
    assert found is not None
    assert sum(Decimal(one.value) for one in found.inputs) == Decimal(str(found.value))
    assert found.value == PortfolioRow.objects.get(key=place["key"]).score


def test_a_count_opens_to_what_was_counted(place: dict[str, Any]) -> None:
    for key in ("open_tickets", "overdue_tickets", "next_task_on", "next_step", "seats"):
        found = opened(place, key)
        assert found is not None
        assert len(found.inputs) == 3, key


def test_every_field_of_the_catalogue_opens_with_and_without_a_customer(place: dict[str, Any]) -> None:
    for key, field in FIELDS.items():
        alone, of_customer = explain(key, FIELDS), opened(place, key)
        assert alone is not None and of_customer is not None
        assert alone.field is of_customer.field is field
        assert alone.inputs == ()


def test_a_hidden_field_does_not_open(place: dict[str, Any]) -> None:
    hidden = (
        "mrr", "arr", "renewal_arr", "overdue_amount", "oldest_overdue_on", "collections", "collections_due", "nothing",
    )  # fmt: skip
    assert [opened(place, key, "reader") for key in hidden] == [None] * len(hidden)


def test_who_may_not_see_revenue_sees_no_contract_among_the_inputs(place: dict[str, Any]) -> None:
    found = opened(place, "seats", "reader")
    assert found is not None
    assert found.inputs == []
