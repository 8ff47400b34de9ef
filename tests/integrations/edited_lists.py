"""Real exports of the customer list, edited and brought back through the page, for the tests of what that changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from django.test import Client
from tests.conftest import NOW
from tests.pages.importing import upload, work

from perennial.customers import actions, lists
from perennial.customers.access import visible_fields
from perennial.customers.terms import CustomerFacts
from perennial.jobs import worker
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue import queries as jobs
from perennial.members.models import Member
from perennial.reports import export

COLUMNS = ("name", "arr", "owner", "industry", "country", "tags")
TO = "/customers/list/edited"
Rows = list[dict[str, str]]


def three_customers(member: Callable[..., int]) -> dict[str, int]:
    """Return the ids of an admin and two CSMs; Acme and Beta are Ann's, Gamma is Bo's."""
    made = {name: member(role, name=name) for name, role in (("Root", "admin"), ("Ann", "csm"), ("Bo", "csm"))}
    mails = {name: Member.objects.get(id=key).email for name, key in made.items()}
    facts = [
        CustomerFacts("crm", key, name=name, industry=industry, tags=tags, owner_email=mails[owner])
        for key, name, industry, tags, owner in (
            ("1", "Acme", "Steel", ("=vip", "gold"), "Ann"),
            ("2", "Beta", "007", (), "Ann"),
            ("3", "Gamma", None, (), "Bo"),
        )
    ]  # fmt: skip
    actions.upsert(facts, by=None, at=NOW)
    return made


def exported(member_id: int, language: str = "en", columns: tuple[str, ...] = COLUMNS) -> Rows:
    """Return the rows of a real export of the member's list."""
    Member.objects.filter(id=member_id).update(language=language)
    member = Member.objects.get(id=member_id)
    listing = lists.read({"columns": list(columns), "sort": "name"}, visible_fields(member))
    job_id = export.request(member, listing, format="csv", at=worker.now())
    claimed = queue.claim(at=worker.now(), kinds=[export.KIND])
    assert claimed is not None
    worker.perform(claimed)
    job = jobs.job(job_id)
    assert job is not None and job.result is not None
    content = (export.folder() / job.result["file"]).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def brought_back(client: Client, rows: Rows) -> int:
    """Upload rows as a file and have it read; return the import."""
    out = io.StringIO()
    written = csv.DictWriter(out, list(rows[0]))
    written.writeheader()
    written.writerows(rows)
    import_id = upload(client, {"customers.csv": out.getvalue()}, to=TO)
    work()
    return import_id
