"""Next steps in a list that was exported, edited and brought back: tasks worded anew and added, shown first, undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.conftest import NOW
from tests.integrations.edited_lists import TO, Rows, brought_back, exported, three_customers
from tests.pages.importing import text

from perennial.blueprint import queries as blueprint
from perennial.customers import actions as customer_actions
from perennial.customers import lists
from perennial.customers.access import visible_fields
from perennial.customers.models import Customer, PortfolioRow
from perennial.customers.terms import CustomerFacts
from perennial.integrations.imports import edits
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.edits import Diff
from perennial.jobs import reactions, worker
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue import actions as queue
from perennial.members.models import Member
from perennial.playbooks import actions, queries, steps
from perennial.playbooks.models import Task
from perennial.reports import portfolio

pytestmark = pytest.mark.usefixtures("home")
COLUMNS = ("name", "owner", "next_step", "next_task_on")
DAY, LATER = date(2026, 3, 6), date(2026, 3, 9)


@pytest.fixture
def people(member: Callable[..., int]) -> dict[str, int]:
    """Return the people; Acme's next step is =call on Friday with another behind it, Beta and Gamma have none."""
    made = three_customers(member)
    for title, due_on in (("Visit", LATER), ("=call", DAY)):
        add("Acme", made["Ann"], title, due_on)
    portfolio.rewrite(DAY, at=NOW)
    return made


def add(name: str, owner: int, title: str, due_on: date | None = None) -> int:
    customer = Customer.objects.get(name=name).pk
    return actions.add_task(customer_id=customer, owner_id=owner, title=title, due_on=due_on, by=None, at=NOW)


def rows_of(member_id: int, **edited: str) -> Rows:
    """Return an export in which the next steps of customers are edited."""
    return [row | ({"Next step": edited[row["Customer"]]} if row["Customer"] in edited else {})
            for row in exported(member_id, columns=COLUMNS)]  # fmt: skip


def diff(import_id: int, member_id: int) -> Diff:
    return edits.diff(import_id, Member.objects.get(id=member_id))


def changes(found: Diff) -> list[tuple[str, str, str]]:
    assert {one.field for one in found.changes} <= {"next_step"}
    return [(one.name, one.before, one.after) for one in found.changes]


def apply(import_id: int, member_id: int) -> int:
    member = Member.objects.get(id=member_id)
    return edits.apply(import_id=import_id, member=member, digest=edits.diff(import_id, member).digest, at=NOW)


def open_tasks() -> list[tuple[str, str, int, date | None]]:
    rows = Task.objects.filter(queries.OPEN_TASK).order_by("customer__name", "due_on", "id")
    return list(rows.values_list("customer__name", "title", "owner_id", "due_on"))


def refreshed() -> dict[str, str | None]:
    """Let the worker answer the journal; return the next steps that the list shows."""
    reactions.dispatch(at=worker.now())
    while claimed := queue.claim(at=worker.now(), kinds=["refresh"]):
        worker.perform(claimed)
    return dict(PortfolioRow.objects.values_list("name", "next_step"))


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_an_unedited_export_changes_no_task(people: dict[str, int], language: str) -> None:
    rows = exported(people["Root"], language, COLUMNS)
    assert [list(row.values())[-2:] for row in rows] == [["'=call", "2026-03-06"], ["", ""], ["", ""]]
    found = diff(brought_back(signed_in(people["Root"]), rows), people["Root"])
    assert (found.changes, found.refused, found.same) == ([], [], 3)


def test_only_next_steps_edited_are_shown_applied_and_undone(people: dict[str, int]) -> None:
    root = signed_in(people["Root"])
    import_id = brought_back(root, rows_of(people["Root"], Acme="Call  王工", Beta="Send\nthe offer"))
    found = diff(import_id, people["Root"])
    assert changes(found) == [("Acme", "=call", "Call 王工"), ("Beta", "", "Send the offer")]
    page = text(root, f"{TO}/{import_id}")
    assert "2 customers would change." in page
    assert "<del><bdi>=call</bdi></del>" in page and "<ins><bdi>Call 王工</bdi></ins>" in page

    root.post(f"{TO}/{import_id}/apply", {"digest": found.digest})
    ann = people["Ann"]
    assert open_tasks() == [
        ("Acme", "Call 王工", ann, DAY), ("Acme", "Visit", ann, LATER), ("Beta", "Send the offer", ann, None),
    ]  # fmt: skip
    told = JournalEntry.objects.filter(by_id=people["Root"], kind__startswith="task.").order_by("id")
    assert [(one.kind, one.customer.name, one.personal.payload) for one in told if one.customer] == [
        ("task.retitled", "Acme", {"title": "Call 王工"}), ("task.added", "Beta", {"title": "Send the offer"}),
    ]  # fmt: skip
    assert told[1].subject == f"task:{Task.objects.get(customer__name='Beta').pk}"
    assert refreshed() == {"Acme": "Call 王工", "Beta": "Send the offer", "Gamma": None}

    assert "Undo" in text(root, f"{TO}/{import_id}")
    root.post(f"{TO}/{import_id}/undo")
    assert open_tasks() == [("Acme", "=call", ann, DAY), ("Acme", "Visit", ann, LATER)]
    assert Task.objects.get(customer__name="Beta").dropped_at is not None
    assert refreshed() == {"Acme": "=call", "Beta": None, "Gamma": None}


def test_a_new_task_is_the_new_owners_or_of_who_applies(people: dict[str, int]) -> None:
    rows = rows_of(people["Root"], Beta="Hand over", Gamma="Find a CSM")
    rows[1] |= {"CSM": "Bo"}
    rows[2] |= {"CSM": "", "CSM's e-mail": ""}
    assert apply(brought_back(signed_in(people["Root"]), rows), people["Root"]) == 2
    assert open_tasks()[2:] == [
        ("Beta", "Hand over", people["Bo"], None),
        ("Gamma", "Find a CSM", people["Root"], None),
    ]


def test_an_emptied_next_step_is_left_and_said(people: dict[str, int]) -> None:
    root = signed_in(people["Root"])
    import_id = brought_back(root, rows_of(people["Root"], Acme="", Beta="x" * 301, Gamma="y" * 300))
    found = diff(import_id, people["Root"])
    assert changes(found) == [("Gamma", "", "y" * 300)]
    assert [(one.row, one.column, one.reason) for one in found.refused] == [
        (2, "Next step", "An empty next step is left as it is: mark the task as done, or drop it, at the customer."),
        (3, "Next step", "The text is too long: at most 300 characters are kept."),
    ]
    assert "An empty next step is left as it is" in text(root, f"{TO}/{import_id}")
    apply(import_id, people["Root"])
    assert open_tasks()[0] == ("Acme", "=call", people["Ann"], DAY)


def test_rows_of_nobody_and_doubled_rows_change_no_task(people: dict[str, int]) -> None:
    rows = rows_of(people["Root"], Acme="Call twice")
    rows += [rows[0] | {"Next step": "Thrice"}, rows[1] | {"Key": "ffffffffff", "Next step": "Who"}]
    found = diff(brought_back(signed_in(people["Root"]), rows), people["Root"])
    assert changes(found) == [("Acme", "=call", "Call twice")]
    assert [(one.row, one.column) for one in found.refused] == [(5, "Key"), (6, "Key")]


def test_a_task_that_moved_on_since_the_export_is_seen_as_it_is_now(people: dict[str, int]) -> None:
    import_id = brought_back(signed_in(people["Root"]), rows_of(people["Root"], Acme="Call again"))
    shown = diff(import_id, people["Root"])
    actions.complete_task(task_id=Task.objects.get(title="=call").pk, by=people["Ann"], at=NOW)
    assert changes(diff(import_id, people["Root"])) == [("Acme", "Visit", "Call again")]
    with pytest.raises(ImportRefused, match="Something changed since"):
        edits.apply(import_id=import_id, member=Member.objects.get(id=people["Root"]), digest=shown.digest, at=NOW)
    assert open_tasks() == [("Acme", "Visit", people["Ann"], LATER)]


def test_what_happened_to_a_task_since_is_not_undone(people: dict[str, int]) -> None:
    add("Gamma", people["Bo"], "Ask", DAY)
    rows = rows_of(people["Root"], Acme="One", Beta="Two", Gamma="Three")
    import_id = brought_back(signed_in(people["Root"]), rows)
    assert apply(import_id, people["Root"]) == 3
    actions.complete_task(task_id=Task.objects.get(title="Two").pk, by=people["Ann"], at=NOW)
    Task.objects.filter(title="Three").update(title="Four")
    root = Member.objects.get(id=people["Root"])
    assert edits.undo(import_id=import_id, member=Member.objects.get(id=people["Ann"]), at=NOW) is None
    assert edits.undo(import_id=import_id, member=root, at=NOW + timedelta(hours=25)) is None
    assert edits.undo(import_id=import_id, member=root, at=NOW) == 1
    assert edits.undo(import_id=import_id, member=root, at=NOW) == 0
    assert [task[:2] for task in open_tasks()] == [("Acme", "=call"), ("Acme", "Visit"), ("Gamma", "Four")]
    assert Task.objects.get(title="Two").done_at == NOW


def test_a_csm_words_the_tasks_of_his_own_customers(people: dict[str, int]) -> None:
    rows = rows_of(people["Root"], Acme="Mine", Beta="Mine too", Gamma="Not mine")
    import_id = brought_back(signed_in(people["Ann"]), rows)
    found = diff(import_id, people["Ann"])
    assert changes(found) == [("Acme", "=call", "Mine"), ("Beta", "", "Mine too")]
    assert [(one.row, one.column) for one in found.refused] == [(4, "Key")]
    apply(import_id, people["Ann"])
    assert {task[0] for task in open_tasks()} == {"Acme", "Beta"}


def test_who_edits_customers_and_writes_no_tasks_changes_no_next_step(
    people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = blueprint.rights()
    roles = tuple(
        replace(role, abilities={key: scope for key, scope in role.abilities.items() if key != "tasks.edit"})
        for role in rights.roles
    )
    monkeypatch.setattr(blueprint, "rights", lambda: replace(rights, roles=roles))
    found = diff(brought_back(signed_in(people["Ann"]), rows_of(people["Ann"], Acme="Mine")), people["Ann"])
    assert found.changes == []
    assert [(one.row, one.column, one.reason) for one in found.refused] == [
        (2, "Next step", "You may not write tasks at this customer.")
    ]


def test_many_next_steps_cost_no_more_queries_than_few(people: dict[str, int]) -> None:
    facts = [CustomerFacts("crm", f"n{number}", name=f"N{number}") for number in range(120)]
    ids = list(customer_actions.upsert(facts, by=None, at=NOW)[0].values())
    for key in ids[::2]:
        actions.add_task(customer_id=key, owner_id=people["Bo"], title="Old", due_on=DAY, by=None, at=NOW)

    def cost(customers: list[int], title: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as done:
            entry, changed = steps.change(steps=dict.fromkeys(customers, title), by=people["Root"], at=NOW)
        assert changed == set(customers)
        with CaptureQueriesContext(connection) as undone:
            assert steps.undo(entry_id=entry, by=people["Root"], at=NOW) == set(customers)
        return len(done), len(undone)

    assert cost(ids[:4], "Few") == cost(ids, "Many")

    def shown(rows: Rows) -> int:
        import_id = brought_back(client, rows)
        with CaptureQueriesContext(connection) as read:
            assert len(edits.diff(import_id, root).changes) == len(rows)
        return len(read)

    root = Member.objects.get(id=people["Root"])
    client = signed_in(people["Root"])
    rows = [row | {"Next step": "New"} for row in exported(people["Root"], columns=COLUMNS)]
    assert shown(rows[:4]) == shown(rows)


def test_a_list_is_filtered_by_its_next_steps(people: dict[str, int]) -> None:
    root: Any = Member.objects.get(id=people["Root"])

    def found(**asked: str) -> list[str]:
        listing = lists.read({"tree": {"field": "next_step", **asked}}, visible_fields(root))
        return sorted(lists.rows_of(root, listing, as_of=DAY).values_list("name", flat=True))

    assert found(op="contains", value="CALL") == ["Acme"]
    assert (found(op="is_known"), found(op="is_unknown")) == (["Acme"], ["Beta", "Gamma"])
