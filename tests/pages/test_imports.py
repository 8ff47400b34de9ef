"""The way of files through the wizard, with real files and the worker's own functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.pages.importing import CUSTOMERS, FILES, LINES, check, form_of, publish, taken_in, text, upload, work

from perennial.contracts.models import Line
from perennial.customers.models import Customer
from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports import work as steps
from perennial.integrations.imports.models import Import, ImportState
from perennial.jobs import worker
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Cancelled
from perennial.kernel.queue.models import Job

pytestmark = pytest.mark.usefixtures("home")
AMBIGUOUS = "customer_id,name,signup_date\nC1,Acme,3/4/2024\nC2,Beta,5/6/2024\n"


@pytest.fixture
def admin(member: Callable[..., int]) -> Client:
    return signed_in(member("admin"))


def test_an_empty_house_says_what_to_import_first(admin: Client) -> None:
    page = text(admin, "/import")
    assert "No imports yet" in page and "Start with your customers and contracts" in page


def test_files_go_through_the_wizard_and_stand_in_the_records(admin: Client) -> None:
    import_id = upload(admin, FILES)
    waiting = text(admin, f"/import/{import_id}/files")
    assert "Waiting to begin" in waiting and f'hx-get="/import/{import_id}/progress"' in waiting
    work()
    assert admin.get(f"/import/{import_id}/progress").headers["HX-Refresh"] == "true"
    assert "On to the mapping" in text(admin, f"/import/{import_id}/files")
    assert admin.get(f"/import/{import_id}").headers["Location"] == f"/import/{import_id}/files"

    checked = check(admin, import_id)
    assert "8 rows were read." in checked and "6 records are added. 2 rows are left out." in checked
    assert "“abc” is not a" in checked and "No customer has this id." in checked
    assert Customer.objects.count() == 0

    published = publish(admin, import_id)
    assert "The figures are computed next" in published
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["Acme", "Beta"]
    assert Line.objects.count() == 4
    assert "Published" in text(admin, "/import")


def test_the_same_files_twice_change_nothing_and_the_mapping_is_used_again(admin: Client) -> None:
    first = taken_in(admin, FILES)
    check(admin, first)
    publish(admin, first)
    second = taken_in(admin, FILES)
    assert "A former mapping is used again" in text(admin, f"/import/{second}/mapping")
    assert "Nothing changes: everything in these files is known already." in check(admin, second)
    publish(admin, second)
    assert Import.objects.get(id=second).counts["kinds"]["customers"] == {
        "new": 0,
        "changed": 0,
        "same": 2,
        "rejected": 0,
    }
    assert (Customer.objects.count(), Line.objects.count()) == (2, 4)


def test_a_date_that_reads_both_ways_must_be_answered_before_the_check(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": AMBIGUOUS})
    page = text(admin, f"/import/{import_id}/mapping")
    assert "How are the dates in “signup_date” written?" in page
    assert "2024-04-03" in page and "2024-03-04" in page
    assert "1 question is open" in page and '<a class="link" href="#t0-2-asked" autofocus>' in page
    assert 'id="t0-2-asked"' in page and 'name="check" value="1" disabled' in page
    form = form_of(page)
    assert admin.post(f"/import/{import_id}/mapping", form | {"check": "1"}).headers["Location"].endswith("/mapping")
    assert "Some dates read in two ways." in text(admin, f"/import/{import_id}/mapping")
    assert not Job.objects.filter(kind="import.check").exists()

    saved = admin.post(f"/import/{import_id}/mapping", form | {"t0-2-reading": "day_first"}, follow=True)
    assert "question is open" not in saved.content.decode() and 'value="1" disabled' not in saved.content.decode()
    answered = form | {"t0-2-reading": "day_first", "check": "1"}
    assert admin.post(f"/import/{import_id}/mapping", answered).headers["Location"].endswith("/check")
    work()
    publish(admin, import_id)
    assert str(Customer.objects.get(name="Acme").signed_up_on) == "2024-04-03"


def test_a_check_that_skips_the_question_is_refused_by_the_worker_too(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": AMBIGUOUS})
    admin.post(f"/import/{import_id}/check")
    work()
    page = text(admin, f"/import/{import_id}/check")
    assert "The check could not be done" in page and "signup_date" in page
    assert Import.objects.get(id=import_id).state == ImportState.uploaded


def test_another_kind_is_proposed_anew(admin: Client) -> None:
    import_id = taken_in(admin, {"things.csv": CUSTOMERS})
    form = form_of(text(admin, f"/import/{import_id}/mapping"))
    admin.post(f"/import/{import_id}/mapping", form | {"t0-kind": "tickets"})
    page = text(admin, f"/import/{import_id}/mapping")
    assert '<option value="tickets" selected>' in page and "Still needed:" in page
    admin.post(f"/import/{import_id}/mapping", form_of(page) | {"t0-kind": "customers"})
    assert Import.objects.get(id=import_id).mapping["tables"][0]["kind"] == "customers"


def test_two_columns_for_one_field_are_said_and_nothing_is_kept(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    before = Import.objects.get(id=import_id).mapping
    form = form_of(text(admin, f"/import/{import_id}/mapping")) | {"t0-2-target": "name"}
    answer = admin.post(f"/import/{import_id}/mapping", form)
    assert answer.status_code == 422
    assert "is filled by more than one column (name, industry)" in answer.content.decode()
    assert Import.objects.get(id=import_id).mapping == before


def test_leaving_every_table_out_is_no_mapping(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    form = form_of(text(admin, f"/import/{import_id}/mapping")) | {"t0-kind": "leave"}
    answer = admin.post(f"/import/{import_id}/mapping", form)
    assert answer.status_code == 422 and "Every table is left out." in answer.content.decode()


def test_a_field_that_every_row_needs_is_asked_for_before_the_check(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    form = form_of(text(admin, f"/import/{import_id}/mapping")) | {"t0-0-target": "", "check": "1"}
    assert admin.post(f"/import/{import_id}/mapping", form).headers["Location"].endswith("/mapping")
    assert "is needed, and no column fills it" in text(admin, f"/import/{import_id}/mapping")


def test_what_the_form_sends_untouched_is_the_mapping_that_was(admin: Client) -> None:
    import_id = taken_in(admin, FILES)
    before = mappings.from_data(Import.objects.get(id=import_id).mapping)
    admin.post(f"/import/{import_id}/mapping", form_of(text(admin, f"/import/{import_id}/mapping")))
    assert mappings.from_data(Import.objects.get(id=import_id).mapping) == before


def test_the_mapping_goes_out_and_comes_back_as_yaml(admin: Client) -> None:
    import_id = taken_in(admin, FILES)
    answer = admin.get(f"/import/{import_id}/mapping/file")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="mapping-{import_id}.yaml"'
    changed = answer.content.decode().replace("source: ", "source: old-", 1)
    admin.post(f"/import/{import_id}/mapping/yaml", {"yaml": changed})
    assert Import.objects.get(id=import_id).mapping["source"].startswith("old-")


@pytest.mark.parametrize("yaml", ["", "a: [", "source: x\ntables: 3", "\x00", "!!python/object/apply:os.system [ls]"])
def test_yaml_that_is_no_mapping_is_told_and_changes_nothing(admin: Client, yaml: str) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    before = Import.objects.get(id=import_id).mapping
    assert admin.post(f"/import/{import_id}/mapping/yaml", {"yaml": yaml}).status_code == 302
    assert 'class="toast bad"' in text(admin, f"/import/{import_id}/mapping")
    assert Import.objects.get(id=import_id).mapping == before


def test_refused_rows_come_as_a_file_that_runs_nothing(admin: Client) -> None:
    lines = LINES + "L7,C1,=1+1,2024-02-01,\nL8,C1,5.00,2024-02-01,\nL9,C1,6.00,2024-02-01,\nL10,C1,7.00,2024-02-01,\n"
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS, "subscriptions.csv": lines})
    check(admin, import_id)
    answer: Any = admin.get(f"/import/{import_id}/rejections")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0] == "File,Sheet,Row,Column,Value,Reason"
    assert [row.split(",")[:5] for row in rows[1:]] == [
        ["subscriptions.csv", "", "3", "mrr", "abc"],
        ["subscriptions.csv", "", "4", "customer_id", "C9"],
        ["subscriptions.csv", "", "8", "mrr", "'=1+1"],
    ]


def test_a_discarded_import_leaves_nothing(admin: Client, home: Path) -> None:
    import_id = taken_in(admin, FILES)
    check(admin, import_id)
    folder = home / "uploads" / "imports" / str(import_id)
    assert folder.exists()
    assert admin.post(f"/import/{import_id}/cancel").headers["HX-Redirect"] == "/import"
    assert "nothing was written" in text(admin, "/import")
    row = Import.objects.get(id=import_id)
    assert (row.state, row.chunks.count(), Customer.objects.count()) == (ImportState.cancelled, 0, 0)
    assert "This import was discarded" in text(admin, f"/import/{import_id}/files")


def test_the_files_of_a_discarded_import_are_deleted(
    admin: Client, home: Path, django_capture_on_commit_callbacks: Any
) -> None:
    import_id = upload(admin, FILES)
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(f"/import/{import_id}/cancel")
    assert not (home / "uploads" / "imports" / str(import_id)).exists()
    work()
    assert Job.objects.get().state == "cancelled"


def test_a_look_that_is_stopped_while_it_reads_keeps_nothing(admin: Client) -> None:
    import_id = upload(admin, FILES)
    claimed = queue.claim(at=worker.now())
    assert claimed is not None
    admin.post(f"/import/{import_id}/stop")

    def report(done: int, total: int | None, said: str) -> None:
        queue.progress(claimed, done=done, total=total, text=said, at=worker.now())

    with pytest.raises(Cancelled):
        steps.look(import_id, report=report)
    row = Import.objects.get(id=import_id)
    assert (row.state, row.findings) == (ImportState.uploaded, {})
    queue.cancel(claimed, at=worker.now())
    assert "The files were not read" in text(admin, f"/import/{import_id}/files")
    admin.post(f"/import/{import_id}/look")
    work()
    assert "On to the mapping" in text(admin, f"/import/{import_id}/files")


def test_nobody_changes_an_import_on_which_somebody_works(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": CUSTOMERS})
    form = form_of(text(admin, f"/import/{import_id}/mapping"))
    admin.post(f"/import/{import_id}/check")
    answer = admin.post(f"/import/{import_id}/mapping", form | {"source": "other"})
    assert answer.status_code == 422
    assert Import.objects.get(id=import_id).mapping["source"] != "other"


def test_a_publish_that_died_says_so_and_is_run_again(admin: Client) -> None:
    import_id = taken_in(admin, FILES)
    check(admin, import_id)
    admin.post(f"/import/{import_id}/publish")
    claimed = queue.claim(at=worker.now())
    assert claimed is not None
    queue.fail(claimed, error="The machine stopped.", at=worker.now(), again=False)
    page = text(admin, f"/import/{import_id}/publish")
    assert "The publish did not come to its end" in page and "Run it again" in page
    assert Customer.objects.count() == 0
    publish(admin, import_id)
    assert Customer.objects.count() == 2


def test_what_was_not_checked_is_not_published(admin: Client) -> None:
    import_id = taken_in(admin, FILES)
    admin.post(f"/import/{import_id}/publish")
    assert "Check the files first" in text(admin, f"/import/{import_id}/publish")
    assert Customer.objects.count() == 0


HOSTILE: dict[str, bytes] = {
    "empty.csv": b"",
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "cut.xlsx": b"PK\x03\x04nonsense",
    "page.xls": b"<html><script>alert(1)</script></html>",
    "quote.csv": b'a,b\n1,"never closed\n2,3\n',
    "archive.zip": b"PK\x05\x06" + bytes(18),
    "packed.gz": b"\x1f\x8b\x08\x00broken",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_clear_page(name: str, admin: Client) -> None:
    import_id = taken_in(admin, {name: HOSTILE[name]})
    page = text(admin, f"/import/{import_id}/files")
    assert name in page and "None of the files holds a table that can be read" in page
    assert "<script>alert" not in page
    assert admin.get(f"/import/{import_id}/mapping").headers["Location"].endswith("/files")
    assert "Could not be read" in text(admin, "/import")


NAMES = [
    "<script>alert(1)</script>.csv",
    "../../etc/passwd.csv",
    "a\u202egnp.csv",
    "户" * 250 + ".csv",
    "..",
    "a b'\".csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_is_only_shown(name: str, admin: Client, home: Path) -> None:
    answer = admin.post("/import", {"files": [_named(name)]})
    assert answer.status_code == 302
    work()
    for row in Import.objects.all():
        page = (
            text(admin, f"/import/{row.pk}/files") + text(admin, f"/import/{row.pk}/mapping") + text(admin, "/import")
        )
        assert "<script>alert" not in page and "\u202e" not in page
        assert row.findings["tables"][0]["rows"] == 2
    kept = [path for path in home.rglob("*") if path.is_file() and "uploads" in path.parts]
    assert all(re.fullmatch(r"[0-9a-f]{32}(\.csv|\.[a-z)]+\.csv)?", path.name) for path in kept)


def _named(name: str) -> Any:
    from io import BytesIO

    file = BytesIO(CUSTOMERS.encode())
    file.name = name
    return file


def test_no_file_is_asked_for_again(admin: Client) -> None:
    assert "Choose at least one file" in admin.post("/import", {}, follow=True).content.decode()
    assert Import.objects.count() == 0


def test_the_list_costs_the_same_for_one_and_for_many(admin: Client, django_assert_num_queries: Any) -> None:
    taken_in(admin, {"customers.csv": CUSTOMERS})
    with django_assert_num_queries(10):
        text(admin, "/import")
    for _number in range(5):
        taken_in(admin, {"customers.csv": CUSTOMERS})
    with django_assert_num_queries(10):
        text(admin, "/import")
