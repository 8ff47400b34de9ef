"""A metric of one's own in the list: its column, its order, its filter, its file; a column that changes hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests.usage.events import happened
from tests.usage.test_own import TEXT, TWO

from perennial.blueprint import actions as blueprint
from perennial.customers import actions as customers
from perennial.customers import lists, queries
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import COLUMNS, FIELDS, TYPES
from perennial.customers.keyset import INDEXES
from perennial.customers.lists import Listing
from perennial.customers.models import OWN_COLUMNS, OwnField, PortfolioRow
from perennial.customers.terms import CustomerFacts
from perennial.jobs import nightly, reactions
from perennial.kernel.conditions.parsing import parse
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue.models import Job
from perennial.members.models import Member
from perennial.reports import export
from perennial.usage import backfill

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
NAMES = ("none", "two", "five", "nine")


@pytest.fixture
def put(organisation: None, home: Path, member: Callable[..., int], now: datetime) -> Callable[[str], None]:
    facts = [CustomerFacts(source="crm", external_id=name, name=name) for name in NAMES]
    ids = customers.upsert(facts, by=None, at=now)[0]
    day = ON - timedelta(days=1)
    happened([(ids["two"], 1, "saved", "export", day, 2), (ids["five"], 2, "saved", "export", day, 5),
              (ids["nine"], 3, "saved", "export", day, 9), (ids["none"], 4, "saved", "search", day, 1)],
             now=now)  # fmt: skip
    nightly.run(ON, at=now)
    by = member("admin")

    def put(text: str) -> None:
        blueprint.publish(part="own_metrics", text=text, reason="Wanted", from_on=None, base=None, by=by, at=now)
        backfill.run(at=now, report=lambda _done, _total: None)
        nightly.run(ON, at=now)

    return put


def listed(sort: str, tree: object = None, size: int = 50) -> list[str]:
    member, names, mark = Member.objects.get(role="admin"), [], None
    listing = Listing(tree=None if tree is None else parse(tree, TYPES), sort=sort, columns=("name", "exports"))
    while True:
        page = queries.page(lists.rows_of(member, listing, as_of=ON), sort=sort, mark=mark, size=size)
        names += [row.name for row in page.rows]
        mark = page.after
        if mark is None:
            return names


def test_a_metric_becomes_a_field_when_it_has_its_values_and_lists_order_and_filter_by_it(
    put: Callable[[str], None],
) -> None:
    assert "exports" not in FIELDS and "exports" not in COLUMNS
    put(TEXT)
    assert FIELDS["exports"].column == "own_01" and FIELDS["exports"].source == "usage"
    assert dict(PortfolioRow.objects.values_list("name", "own_01")) == {"none": 0, "two": 2, "five": 5, "nine": 9}
    for size in (50, 1):  # page by page it is the same
        assert listed("exports", size=size) == ["none", "two", "five", "nine"]
        assert listed("-exports", size=size) == ["nine", "five", "two", "none"]
    assert listed("-exports", {"field": "exports", "op": "gte", "value": 5}) == ["nine", "five"]
    assert listed("exports", {"field": "exports", "op": "between", "value": [1, 5]}) == ["two", "five"]


def test_the_words_are_those_of_whoever_looks(put: Callable[[str], None]) -> None:
    put(TEXT)
    label = FIELDS["exports"].label
    assert str(label) == "Exports"
    with translation.override("zh-hans"):
        assert str(label) == "导出" and str(FIELDS["exports"].definition) == "一周导出数。"


def test_the_file_of_a_list_holds_it(put: Callable[[str], None]) -> None:
    put(TEXT)
    member = Member.objects.get(role="admin")
    listing = Listing(columns=("name", "exports"), sort="-exports")
    columns = export.columns_of(listing, "USD", {}, fields=visible_fields(member))
    rows = lists.rows_of(member, listing, as_of=ON).order_by("-own_01")
    assert [column.title for column in columns][-1] == "Exports"
    assert [columns[-1].cell(row) for row in rows] == [9.0, 5.0, 2.0, 0.0]


def test_a_column_that_becomes_free_is_emptied_before_another_metric_has_it(
    put: Callable[[str], None], now: datetime
) -> None:
    put(TWO)
    assert {row.key: row.column for row in OwnField.objects.all()} == {"exports": "own_01", "people": "own_02"}
    people = TEXT.split("  - key", 1)[0] + "  - key" + TWO.split("  - key")[2]
    put(people)  # exports is gone
    assert set(FIELDS) & {"exports", "people"} == {"people"} and FIELDS["people"].column == "own_02"
    assert not PortfolioRow.objects.filter(own_01__isnull=False).exists()
    put(TWO.replace("key: exports", "key: sent"))
    assert FIELDS["sent"].column == "own_01" and FIELDS["people"].column == "own_02"


def test_another_definition_keeps_its_column(put: Callable[[str], None]) -> None:
    put(TEXT)
    put(TEXT.replace("window: 7", "window: 1"))
    assert FIELDS["exports"].column == "own_01"
    assert dict(PortfolioRow.objects.values_list("name", "own_01"))["nine"] == 0  # yesterday's are no day's of today


def test_when_it_has_its_values_rows_and_scores_are_made_anew(put: Callable[[str], None], now: datetime) -> None:
    reactions.settle(at=now)
    put(TEXT)
    JournalEntry.objects.exclude(kind="metrics.made").update(reacted_at=now)
    assert reactions.dispatch(at=now) == 1
    assert Job.objects.filter(kind="recompute").count() == 1


def test_a_page_sorted_by_it_costs_the_queries_of_any_other(put: Callable[[str], None]) -> None:
    put(TEXT)
    assert all(column in INDEXES for column in OWN_COLUMNS)
    with CaptureQueriesContext(connection) as shipped:
        listed("-trend_28d", size=2)
    with CaptureQueriesContext(connection) as own:
        listed("-exports", size=2)
    assert len(own) <= len(shipped) + 1
