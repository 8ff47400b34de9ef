"""A list that was exported, edited and brought back: what it would change, for whom, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.aids import signed_in
from tests.conftest import NOW
from tests.integrations.edited_lists import TO, brought_back, exported, three_customers
from tests.pages.importing import text, upload, work

from perennial.customers import actions, edited
from perennial.customers import queries as customers
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.integrations.imports import edits
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.models import Import
from perennial.kernel.journal.models import JournalEntry
from perennial.members.models import Member

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def people(member: Callable[..., int]) -> dict[str, int]:
    return three_customers(member)


def changes(import_id: int, member_id: int) -> list[tuple[str, str, str, str]]:
    found = edits.diff(import_id, Member.objects.get(id=member_id))
    return [(one.name, one.field, one.before, one.after) for one in found.changes]


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_what_was_exported_and_not_edited_changes_nothing(people: dict[str, int], language: str) -> None:
    import_id = brought_back(signed_in(people["Root"]), exported(people["Root"], language))
    found = edits.diff(import_id, Member.objects.get(id=people["Root"]))
    assert (found.changes, found.refused, found.same) == ([], [], 3)


def test_each_edit_is_shown_with_what_stood_before(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    assert rows[0]["Tags"] == "'=vip, gold"
    rows[0] |= {"Industry": "Iron", "Tags": "gold, silver", "ARR (USD)": "999"}
    rows[1] |= {"Country": "DE", "CSM": "Bo"}
    rows[2] |= {"CSM's e-mail": Member.objects.get(id=people["Ann"]).email.upper()}
    client = signed_in(people["Root"])
    import_id = brought_back(client, rows)
    assert changes(import_id, people["Root"]) == [
        ("Acme", "industry", "Steel", "Iron"),
        ("Acme", "tags", "=vip, gold", "gold, silver"),
        ("Beta", "country", "", "DE"),
        ("Beta", "owner", "Ann", "Bo"),
        ("Gamma", "owner", "Bo", "Ann"),
    ]
    page = text(client, f"{TO}/{import_id}")
    assert "3 customers would change." in page and "ARR (USD)" in page and "<ins><bdi>Iron</bdi></ins>" in page


def test_an_emptied_cell_empties_the_field(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    rows[0] |= {"Industry": "", "CSM": "", "CSM's e-mail": ""}
    import_id = brought_back(signed_in(people["Root"]), rows)
    assert changes(import_id, people["Root"]) == [("Acme", "industry", "Steel", ""), ("Acme", "owner", "Ann", "")]


def test_applied_in_one_step_with_entries_and_undone(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    rows[0] |= {"Industry": "Iron", "CSM": "Bo"}
    rows[1] |= {"Industry": "Glass"}
    client = signed_in(people["Root"])
    import_id = brought_back(client, rows)
    root = Member.objects.get(id=people["Root"])
    digest = edits.diff(import_id, root).digest
    client.post(f"{TO}/{import_id}/apply", {"digest": digest})

    assert "2 customers were changed" in text(client, f"{TO}/{import_id}")
    acme = Customer.objects.get(name="Acme")
    assert (acme.industry, customers.owners([acme.pk])[acme.pk][0]) == ("Iron", people["Bo"])
    assert JournalEntry.objects.filter(kind="customer.changed", by_id=people["Root"]).count() == 2
    assert JournalEntry.objects.filter(kind="customer.assigned", customer=acme).count() == 1

    Customer.objects.filter(name="Beta").update(industry="Paper")
    client.post(f"{TO}/{import_id}/undo")
    acme.refresh_from_db()
    assert (acme.industry, customers.owners([acme.pk])[acme.pk][0]) == ("Steel", people["Ann"])
    assert Customer.objects.get(name="Beta").industry == "Paper"


def test_nothing_is_applied_that_was_not_shown(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    rows[0]["Industry"] = "Iron"
    import_id = brought_back(signed_in(people["Root"]), rows)
    root = Member.objects.get(id=people["Root"])
    digest = edits.diff(import_id, root).digest
    actions.upsert([CustomerFacts("crm", "1", industry="Coal")], by=None, at=NOW)
    with pytest.raises(ImportRefused, match="Something changed since"):
        edits.apply(import_id=import_id, member=root, digest=digest, at=NOW)
    assert Customer.objects.get(name="Acme").industry == "Coal"


def test_a_list_is_applied_once(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    rows[0]["Industry"] = "Iron"
    import_id = brought_back(signed_in(people["Root"]), rows)
    root = Member.objects.get(id=people["Root"])
    assert edits.apply(import_id=import_id, member=root, digest=edits.diff(import_id, root).digest, at=NOW) == 1
    with pytest.raises(ImportRefused, match="applied or discarded before"):
        edits.apply(import_id=import_id, member=root, digest=edits.diff(import_id, root).digest, at=NOW)


def test_a_csm_edits_his_own_customers_and_gives_none_away(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    for row in rows:
        row |= {"Industry": "Iron", "CSM": "Bo"}
    import_id = brought_back(signed_in(people["Ann"]), rows)
    found = edits.diff(import_id, Member.objects.get(id=people["Ann"]))
    assert [(one.name, one.field) for one in found.changes] == [("Acme", "industry"), ("Beta", "industry")]
    assert [(one.row, one.column, one.reason) for one in found.refused] == [
        (2, "CSM", "You may not change the CSM of this customer."),
        (3, "CSM", "You may not change the CSM of this customer."),
        (4, "Key", "No customer that you may edit has this key."),
    ]
    edits.apply(import_id=import_id, member=Member.objects.get(id=people["Ann"]), digest=found.digest, at=NOW)
    assert sorted(Customer.objects.values_list("name", "industry")) == [
        ("Acme", "Iron"), ("Beta", "Iron"), ("Gamma", None),
    ]  # fmt: skip


def test_an_edited_list_is_its_members_alone(people: dict[str, int], member: Callable[..., int]) -> None:
    rows = exported(people["Ann"])
    rows[0]["Industry"] = "Iron"
    import_id = brought_back(signed_in(people["Ann"]), rows)
    digest = edits.diff(import_id, Member.objects.get(id=people["Ann"])).digest
    for other in (people["Bo"], member("analyst"), member("reader"), member("leader")):
        stranger = signed_in(other)
        assert stranger.get(f"{TO}/{import_id}").status_code == 404
        for end in ("apply", "undo", "discard"):
            assert stranger.post(f"{TO}/{import_id}/{end}", {"digest": digest}).status_code == 404
    assert Customer.objects.get(name="Acme").industry == "Steel"


def test_what_cannot_be_taken_is_said_with_its_row(people: dict[str, int]) -> None:
    rows = exported(people["Root"])
    rows[0] |= {"CSM": "Nobody Known", "Industry": "x" * 101}
    rows[1] |= {"Tags": "y" * 51}
    rows += [{**rows[2]}, {**rows[2], "Key": "ffffffffff"}]
    import_id = brought_back(signed_in(people["Root"]), rows)
    found = edits.diff(import_id, Member.objects.get(id=people["Root"]))
    assert found.changes == []
    assert [(one.row, one.column) for one in found.refused] == [
        (2, "Industry"), (2, "CSM"), (3, "Tags"), (5, "Key"), (6, "Key"),
    ]  # fmt: skip


def test_another_table_is_no_edited_list(people: dict[str, int]) -> None:
    client = signed_in(people["Ann"])
    import_id = upload(client, {"x.csv": "Key,Customer,Industry\nno,Acme,Iron\n"}, to=TO)
    work()
    assert "This is no list that was exported here" in text(client, f"{TO}/{import_id}")
    assert "edits" not in Import.objects.get(id=import_id).findings


def test_an_import_of_an_exported_list_leads_to_its_changes(people: dict[str, int]) -> None:
    root = signed_in(people["Root"])
    rows = exported(people["Root"])
    rows[0]["Industry"] = "Iron"
    import_id = brought_back(root, rows)
    assert f"{TO}/{import_id}" in text(root, f"/import/{import_id}/files")
    assert f"{TO}/{import_id}" in text(root, "/import")


def test_an_edit_is_undone_for_a_day_and_by_its_own_member(people: dict[str, int]) -> None:
    acme = Customer.objects.get(name="Acme")
    entry, changed = edited.change_fields(changes={acme.pk: {"industry": "Iron"}}, by=people["Ann"], at=NOW)
    assert changed == {acme.pk}
    assert edited.undo(entry_id=entry, by=people["Bo"], at=NOW) is None
    assert edited.undo(entry_id=entry, by=people["Ann"], at=NOW + timedelta(hours=25)) is None
    assert edited.undo(entry_id=entry, by=people["Ann"], at=NOW) == {acme.pk}
    assert edited.undo(entry_id=entry, by=people["Ann"], at=NOW) == set()


@pytest.mark.parametrize("many", [1, 40])
def test_applying_to_forty_costs_no_more_than_the_batches_that_sqlite_takes(
    people: dict[str, int], django_assert_max_num_queries: Any, many: int
) -> None:
    facts = [CustomerFacts("crm", f"n{number}", name=f"N{number}") for number in range(many)]
    ids, _counted = actions.upsert(facts, by=None, at=NOW)
    wanted = {key: {"industry": "Iron", "owner": people["Bo"]} for key in ids.values()}
    with django_assert_max_num_queries(25):
        edited.change_fields(changes=wanted, by=people["Root"], at=NOW)
