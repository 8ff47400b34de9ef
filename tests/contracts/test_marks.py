"""Movements are derived anew where lines changed, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.contracts import marks
from perennial.contracts.actions import rebuild_movements, write_lines
from perennial.contracts.models import Line, Movement
from perennial.kernel import versions
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
ON = date(2024, 12, 31)


def rows() -> dict[int, set[int]]:
    """Return the numbers of the stored movements by customer: they change where other ones are derived."""
    found: dict[int, set[int]] = {}
    for customer_id, number in Movement.objects.values_list("customer_id", "id"):
        found.setdefault(customer_id, set()).add(number)
    return found


def anew(before: dict[int, set[int]]) -> set[int]:
    after = rows()
    return {
        customer_id for customer_id in before.keys() | after.keys() if before.get(customer_id) != after.get(customer_id)
    }


def change(key: str, at: datetime, **values: Any) -> None:
    """Write the next version of a stored line."""
    versions.change(Line, Line.objects.current().get(external_id=key).fact, values, at=at)


@pytest.fixture
def ids(organisation: None, now: datetime) -> dict[str, int]:
    ids = customers("A", "B", "C", at=now)
    keep([line(name.lower(), number, "2024-01-01", None, 100_00) for name, number in ids.items()], at=now)
    return ids


def test_what_did_not_change_is_not_derived_again(ids: dict[str, int], now: datetime) -> None:
    before = rows()
    assert rebuild_movements(on=ON) == 0
    assert rebuild_movements(on=ON + timedelta(days=30)) == 0
    write_lines([same("a", ids["A"])], source=SOURCE, at=now)
    assert rebuild_movements(on=ON) == 0
    assert anew(before) == set()


def same(key: str, customer_id: int) -> Incoming:
    return line(key, customer_id, "2024-01-01", None, 100_00, contract_id=Line.objects.get(external_id=key).contract_id)


def test_a_changed_line_rebuilds_its_customer_alone(ids: dict[str, int], now: datetime) -> None:
    before = rows()
    change("b", now, amount=150_00)
    assert rebuild_movements(on=ON) == 1
    assert anew(before) == {ids["B"]}
    assert Movement.objects.get(customer_id=ids["B"]).numerator == 150_00


def test_a_line_that_was_another_customers_rebuilds_both(ids: dict[str, int], now: datetime) -> None:
    before = rows()
    change("b", now, customer_id=ids["C"])
    assert rebuild_movements(on=ON) == 1
    assert anew(before) == {ids["B"], ids["C"]}
    assert [(one.customer_id, one.numerator) for one in Movement.objects.order_by("id")] == [
        (ids["A"], 100_00), (ids["C"], 200_00),
    ]  # fmt: skip


def test_a_link_that_was_taken_back_rebuilds_the_other_side_too(ids: dict[str, int], now: datetime) -> None:
    change("a", now, ends_on=date(2024, 7, 1))
    change("b", now, starts_on=date(2024, 7, 1), renewal_of=Line.objects.current().get(external_id="a").fact)
    rebuild_movements(on=ON)
    assert kinds(ids["A"], ids["B"]) == ["new", "transfer", "transfer"]
    change("b", now, renewal_of=None)
    rebuild_movements(on=ON)
    assert kinds(ids["A"], ids["B"]) == ["new", "churn", "new"]


def kinds(*customer_ids: int) -> list[str]:
    rows = Movement.objects.filter(customer_id__in=customer_ids).order_by("on", "customer_id")
    return [one.kind for one in rows]


def test_another_switch_rebuilds_everybody(ids: dict[str, int]) -> None:
    before = rows()
    Organisation.objects.update(policy_switches={"grace_days": 5})
    assert rebuild_movements(on=ON) == 3
    assert anew(before) == set()  # the same rows, by other rules
    assert rebuild_movements(on=ON) == 0


def test_other_rules_of_the_calculation_rebuild_everybody(ids: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "RULES", marks.RULES + 1)
    assert rebuild_movements(on=ON) == 3


def test_a_line_that_pauses_is_looked_at_on_every_day_and_no_other_is(ids: dict[str, int], now: datetime) -> None:
    change("c", now, pauses=[["2024-12-01", None]])
    rebuild_movements(on=ON)
    before = rows()
    assert rebuild_movements(on=ON) == 0
    assert rebuild_movements(on=ON + timedelta(days=90)) == 2
    assert anew(before) == {ids["C"]}
    assert kinds(ids["C"]) == ["new", "churn"]


def test_who_is_asked_for_is_rebuilt_whatever_the_marks_say(ids: dict[str, int]) -> None:
    Movement.objects.all().delete()
    assert rebuild_movements(on=ON) == 0
    assert rebuild_movements(list(ids.values()), on=ON) == 3


def test_finding_nothing_out_of_step_costs_the_same_for_one_customer_and_for_forty(
    organisation: None, now: datetime
) -> None:
    def cost(names: Iterable[str]) -> int:
        ids = customers(*names, at=now)
        keep([line(name, number, "2024-01-01", None, 100_00) for name, number in ids.items()], at=now)
        with CaptureQueriesContext(connection) as asked:
            rebuild_movements(on=ON)
        return len(asked)

    assert (cost(["one"]), cost(map(str, range(40)))) == (6, 6)
