"""The short end of an import: the records in one transaction, then the usage by one rename, each at most once.

What is done stands beside the import: a run that died anywhere is taken up where it stopped, by whoever comes next.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from perennial.contracts import queries as contracts
from perennial.contracts.queries import LineSpan
from perennial.customers import queries as customers
from perennial.integrations.imports import fact_rows, quality, usage_rows
from perennial.integrations.imports.actions import folder_of
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.mapping import Mapping as Mapped
from perennial.integrations.imports.models import Import, ImportState
from perennial.integrations.imports.publish import COUNTS, Outcome
from perennial.integrations.imports.publish import Import as Given
from perennial.integrations.imports.reach import Reach, reach_of
from perennial.integrations.imports.setting_aside import ASIDE, Aside, Listed, usage_folder
from perennial.integrations.imports.usage_rows import Known, Resolved, Stamp
from perennial.kernel import erasures
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.lake.durable import replace_parquet
from perennial.usage import actions as usage
from perennial.usage.lake import lake

WRITTEN = "written"
Counts = dict[str, Any]


class BeingPublished(Exception):
    """Another process publishes this import just now."""


@contextmanager
def alone(import_id: int) -> Iterator[None]:
    """Hold an import for this process alone; a process that dies lets go.

    :raises BeingPublished: another one holds it.
    """
    folder = folder_of(import_id)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "publishing").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BeingPublished from None
        yield


class _RolledBack(Exception):
    """Ends the dry run's transaction."""


def dry_run(row: Import, mapping: Mapped, at: datetime) -> None:
    """Count what a publish would do, list what it would refuse, and report what is odd: on the import, not yet saved.

    The records are written and rolled back; the usage is resolved afterwards against what they would have been, so that
    nobody else waits for that.
    """
    given, aside = given_of(row, mapping, at), Aside.of(row)
    try:
        with transaction.atomic():
            outcome = fact_rows.write(given)
            known = _known(row, mapping, given.reach)
            facts = quality.Facts.of(known.whose()) if known is not None else None
            raise _RolledBack
    except _RolledBack:
        pass
    row.counts = counted(aside, outcome)
    row.quality = {**quality.of_rows(row.pk, mapping.source), **quality.of_outcome(outcome)}
    listed = Listed(row, mapping)
    listed.add(outcome.refused)
    if known is not None and facts is not None:
        with usage_rows.session(usage_folder(row.pk)) as connection:
            resolved = _resolved(connection, row, known, given.reach)
            ids = usage_rows.message_ids(connection, source=mapping.source)
            _add_usage(row, resolved, already=lake().known(ids))
            row.quality |= _odd_usage(connection, usage_rows.days_by_customer(connection), facts)
            listed.add(resolved.refusals)
    row.quality |= quality.of_rejections(row)


def _odd_usage(
    connection: duckdb.DuckDBPyConnection, days: Mapping[int, tuple[datetime, datetime]], facts: quality.Facts
) -> dict[str, Any]:
    return quality.of_usage(days, usage_rows.outside_lines(connection, zone=house().timezone), facts)


def write_records(row: Import, mapping: Mapped, at: datetime) -> None:
    """Write the records in one transaction with their counts and refusals; a second time nothing is done."""
    if WRITTEN in row.findings:
        return
    odd = quality.of_rows(row.pk, mapping.source)
    with transaction.atomic():
        Import.objects.select_for_update().get(id=row.pk)
        aside = Aside.of(row)
        outcome = fact_rows.write(given_of(row, mapping, at))
        row.counts, row.quality = counted(aside, outcome), {**odd, **quality.of_outcome(outcome)}
        listed = Listed(row, mapping)
        listed.forget_after(aside.last)
        listed.add(outcome.refused)
        row.quality |= quality.of_rejections(row)
        aside.last = listed.last()
        row.findings = {**row.findings, ASIDE: asdict(aside), WRITTEN: True}
        row.state = ImportState.publishing
        row.save(update_fields=["counts", "quality", "findings", "state"])
        row.chunks.all().delete()


def publish_usage(row: Import, mapping: Mapped, at: datetime) -> None:
    """Bring the usage rows into the lake: counted and listed first, then visible by one rename. Safe to run twice."""
    folder = usage_folder(row.pk)
    if not folder.exists() or lake().is_published(row.pk):
        return
    reach = reach_of(row.by_id)
    known = _known(row, mapping, reach)
    assert known is not None
    with usage_rows.session(folder) as connection:
        resolved = _resolved(connection, row, known, reach)
        people = usage_rows.users(connection)
        # Who was erased and is kept out stays nobody: what a file says of him counts for his customer alone.
        out = erasures.Refused().among("user", mapping.source, {user for _customer, user in people})
        ids = usage.user_ids(mapping.source, [pair for pair in people if pair[1] not in out], at=at)
        _begin_anew_unless_same(row, known)
        already = _stage(connection, row, mapping, ids, at)
        days = usage_rows.days_by_customer(connection)
        odd = _odd_usage(connection, days, quality.Facts.of(list(days)))
    with transaction.atomic():
        _add_usage(row, resolved, already=already)
        listed = Listed(row, mapping)
        listed.forget_after(Aside.of(row).last)
        listed.add(resolved.refusals)
        row.quality |= {**odd, **quality.of_rejections(row)}
        row.save(update_fields=["counts", "quality"])
    lake().publish(row.pk)


def _begin_anew_unless_same(row: Import, known: Known) -> None:
    """Drop what a run that died staged, where other customers are known now than then: its parts would lack theirs."""
    folder = usage_folder(row.pk)
    told = folder / "known"
    if not told.exists() or told.read_text(encoding="ascii") != known.digest():
        lake().discard(row.pk)
        for marks in folder.glob("*.marks"):
            marks.unlink()
        told.write_text(known.digest(), encoding="ascii")


def _stage(
    connection: duckdb.DuckDBPyConnection,
    row: Import,
    mapping: Mapped,
    ids: Mapping[tuple[int, str], int],
    at: datetime,
) -> int:
    """Stage the events in the lake, part by part, those that a run before this one staged left as they are; return how
    many of the rows it knew before."""
    folder = usage_folder(row.pk)
    stamp = Stamp(mapping.source, row.pk, house().timezone, at)
    for number, make in enumerate(usage_rows.lake_parts(connection, folder, ids, stamp)):
        marks = folder / f"{number:05d}.marks"
        if marks.exists():
            continue
        part = make()
        lake().stage(row.pk, number, part.events)
        replace_parquet(marks, pa.table({"id": part.ids}))
    marked = sorted(folder.glob("*.marks"))
    return lake().known(batch.column("id") for path in marked for batch in pq.ParquetFile(path).iter_batches())


def finish(row: Import, at: datetime) -> None:
    """Say that the import is published, once, and take away what it needed; its files stay."""
    with transaction.atomic():
        if Import.objects.select_for_update().get(id=row.pk).state != ImportState.published:
            row.state, row.published_at = ImportState.published, at
            row.save(update_fields=["state", "published_at"])
            journal.record("import.published", subject=f"import:{row.pk}", by=row.by_id, at=at, data=row.counts)
    shutil.rmtree(usage_folder(row.pk), ignore_errors=True)


def given_of(row: Import, mapping: Mapped, at: datetime) -> Given:
    """Return which import writes, and what its member may touch now."""
    return Given(source=mapping.source, id=row.pk, by=row.by_id, at=at, zone=house().timezone,
                 reach=reach_of(row.by_id))  # fmt: skip


def counted(aside: Aside, outcome: Outcome) -> Counts:
    """Return what became of every row that was read: `kinds` and `read`."""
    kinds = {kind: dict(numbers) for kind, numbers in outcome.counts.items()}
    for kind, number in aside.refused.items():
        kinds.setdefault(kind, dict.fromkeys(COUNTS, 0))["rejected"] += number
    return {"kinds": kinds, "read": aside.read}


def _add_usage(row: Import, resolved: Resolved, *, already: int) -> None:
    """Count usage rows: those in the lake already are the same; refused ones come to those that were not read."""
    refused = Aside.of(row).refused.get(KindKey.USAGE.value, 0)
    row.counts["kinds"][KindKey.USAGE.value] = {
        "new": resolved.stored - already,
        "changed": 0,
        "same": resolved.repeats + already,
        "rejected": resolved.refused + refused,
    }


def _known(row: Import, mapping: Mapped, reach: Reach | None) -> Known | None:
    """Return what usage rows may refer to, None where there are none."""
    if not usage_folder(row.pk).exists():
        return None
    ids = customers.all_external_ids(mapping.source)
    lines: Mapping[str, LineSpan] = {}
    if any(table.kind is KindKey.USAGE and "line" in table.columns for table in mapping.tables):
        lines = contracts.line_spans(mapping.source)
    if reach is not None:
        ids = reach.among(ids)
        lines = {key: line for key, line in lines.items() if line.customer_id in reach.customers}
    return Known(ids, lines)


def _resolved(connection: duckdb.DuckDBPyConnection, row: Import, known: Known, reach: Reach | None) -> Resolved:
    reason = "unknown_customer" if reach is None else "not_yours"
    return usage_rows.resolve(connection, usage_folder(row.pk), known, unknown=reason)
