"""What is held of a person or a customer, as one ZIP file: records as JSON, events as NDJSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from perennial.kernel.cells import safe_cell
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Claim, Report
from perennial.lake.terms import day_date
from perennial.members import access
from perennial.members import queries as members
from perennial.members.models import Member
from perennial.privacy import whom as who
from perennial.privacy.files import folder_of_exports
from perennial.privacy.marking import Words, words
from perennial.privacy.rows import places, tables, theirs
from perennial.privacy.terms import ABILITY, MARK, OTHER, Subject, Whom
from perennial.usage.lake import lake

KIND = "privacy.export"
KEPT_FOR = timedelta(hours=24)
FORMAT = 1
COLUMNS = ("table", "day", "at", "event", "feature", "n", "value", "props", "received_at", "source", "customer", "user")


def request(member: Member, whom: Whom, *, at: datetime) -> int:
    """Ask for the file; return the job's id."""
    payload = {"subject": whom.subject.value, "ref": whom.ref}
    return queue.enqueue(KIND, at=at, by=member.pk, payload=payload)


def resolved(member: Member, subject: str, ref: str) -> Whom | None:
    """Return whom a job or an address means, within the member's scope."""
    return who.customer(member, ref) if subject == Subject.CUSTOMER else who.person(member, ref)


def write(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Write the file that a job asks for; the job's handler. Safe to run twice: another file, the former is swept.

    Answers {"refused": reason} where the member may not any more, or nobody is there any more.
    """
    sweep(at=at)
    member = members.by_id(claim.by) if claim.by is not None else None
    with translation.override(member.language if member else "en"):
        whom = None
        if member is not None and access.may(member, ABILITY):
            whom = resolved(member, claim.payload["subject"], claim.payload["ref"])
        if member is None or whom is None:
            return {"refused": gettext("Your rights changed, or there is nobody any more. Search again.")}
    path = folder_of_exports() / f"{secrets.token_hex(16)}.zip"
    unfinished = path.with_suffix(".part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
            done = fill(file, whom, at=at, report=report)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    journal.record(f"{whom.subject}.exported", customer_id=whom.customer_id, by=member.pk, at=at, data=done,
                   subject=f"{whom.subject}:{whom.ref}"[:80])  # fmt: skip
    return {"file": path.name, "name": f"{whom.subject}-{house().today(at).isoformat()}.zip", **done}


def file_of(result: Mapping[str, Any] | None, finished_at: datetime | None, *, at: datetime) -> Path | None:
    """Return the file of a finished export, None where it expired, was cleared or never was."""
    if not result or "file" not in result or finished_at is None or at - finished_at > KEPT_FOR:
        return None
    path = folder_of_exports() / Path(str(result["file"])).name
    return path if path.is_file() else None


def sweep(*, at: datetime) -> None:
    """Delete files whose time is over, and unfinished ones of workers that died. Safe to run twice."""
    for path in folder_of_exports().iterdir():
        if at.timestamp() - path.stat().st_mtime > KEPT_FOR.total_seconds():
            path.unlink(missing_ok=True)


def fill(file: zipfile.ZipFile, whom: Whom, *, at: datetime, report: Report) -> dict[str, int]:
    """Write the parts of an export; return how many rows, mentions and events it has."""
    held, mentions = records(whom), mentioned(whom)
    total = lake().trail_size(customers=_customers(whom), users=whom.users)
    about = {
        "format": FORMAT, "about": whom.subject.value, "made_at": at.astimezone(UTC).isoformat(),
        "customer": whom.customer_name or None,
        "parts": {
            "records.json": "rows that are theirs, by table, with every version",
            "mentions.json": f"other rows that name them; other people's names are replaced by {OTHER}",
            "events.ndjson": "what they did in the product, an event a line", "events.csv": "the same as a table",
        },
        "rows": {name: len(rows) for name, rows in held.items()}, "events": total,
    }  # fmt: skip
    for name, content in (("about", about), ("records", held), ("mentions", mentions)):
        file.writestr(f"{name}.json", json.dumps(content, ensure_ascii=False, indent=1, default=str))
    done = 0
    with file.open("events.ndjson", "w") as lines:
        for event in _events(whom):
            lines.write(json.dumps(event, ensure_ascii=False, default=str).encode() + b"\n")
            done += 1
            report(done, 2 * total, "")
    with file.open("events.csv", "w") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        table = csv.writer(text)
        table.writerow(COLUMNS)
        for event in _events(whom):
            table.writerow([safe_cell(value) if isinstance(value, str) else value for value in event.values()])
            done += 1
            report(done, 2 * total, "")
    number = sum(len(rows) for rows in held.values())
    return {"rows": number, "mentions": sum(len(rows) for rows in mentions.values()), "events": total}


def records(whom: Whom) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that are theirs, by table; in running text other people's names are replaced."""
    mask = _others(whom)
    found = {}
    for name, held in tables():
        if name != "Erasure":
            rows = [dict(row) for row in theirs(name, held, whom).order_by("pk").values()]
            found[name] = [{key: mask.replaced(_plain(value), OTHER) for key, value in row.items()} for row in rows]
    return {name: rows for name, rows in found.items() if rows}


def mentioned(whom: Whom) -> dict[str, list[dict[str, Any]]]:
    """Return the texts that name them in rows that are not theirs, by table, with the row's number."""
    mask = _others(whom)
    found: dict[str, list[dict[str, Any]]] = {}
    for name, held in tables():
        for place in places(name, held, whom):
            for row in place.rows.order_by("pk").values("pk", *place.fields):
                said = {key: value for key, value in row.items()
                        if key != "pk" and place.words.replaced(value, MARK) != value}  # fmt: skip
                if said:
                    texts = {key: mask.replaced(_plain(value), OTHER) for key, value in said.items()}
                    found.setdefault(name, []).append({"row": row["pk"], **texts})
    return found


def _others(whom: Whom) -> Words:
    """Of a person: whose words are to be replaced. A customer's export is about its people: nobody is left out."""
    return words(whom.others) if whom.subject is Subject.PERSON else words()


def _customers(whom: Whom) -> tuple[int, ...]:
    return whom.family if whom.subject is Subject.CUSTOMER else ()


def _events(whom: Whom) -> Iterator[dict[str, Any]]:
    with lake().trail(customers=_customers(whom), users=whom.users) as batches:
        for batch in batches:
            for row in batch.to_pylist():
                event = {**row, "day": day_date(row["day"]), "at": row["ts"]}
                yield {key: _plain(event[key]) for key in COLUMNS}


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float, str, list, dict)) else str(value)
