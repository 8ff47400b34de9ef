"""Every clean row set aside in chunks, every refused one listed: what a check begins with, and a publish reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports import staging, usage_staging
from perennial.integrations.imports.actions import folder_of
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.looking import Report
from perennial.integrations.imports.mapping import Mapping, TableMap
from perennial.integrations.imports.models import Import, ImportChunk, ImportRejection
from perennial.integrations.imports.publish import MOST_LISTED
from perennial.integrations.imports.reading.sources import rejected_rows
from perennial.integrations.imports.reading.terms import Reading, Source
from perennial.integrations.imports.refusals import FIELDS
from perennial.integrations.imports.staging import Place, Refusal, Seen
from perennial.kernel.organisation.queries import house
from perennial.lake.terms import day_date
from perennial.usage.lake import lake

ASIDE = "aside"


@dataclass
class Aside:
    """What was set aside: rows read, rows refused by kind, and the last refusal that was listed (its id).

    Kept among the findings, so that the publish counts from here and lists its own refusals behind these.
    """

    read: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    last: int = 0

    @classmethod
    def of(cls, row: Import) -> Aside:
        """Return what was set aside for an import that was checked."""
        return cls(**row.findings.get(ASIDE, {}))

    def add(self, kind: KindKey, refusals: int) -> None:
        self.refused[kind.value] = self.refused.get(kind.value, 0) + refusals


def usage_folder(import_id: int) -> Path:
    """Return the folder of an import's usage rows; it is there only where there are any."""
    return folder_of(import_id) / "usage"


def clear(row: Import) -> None:
    """Take away what an earlier check set aside and listed."""
    row.chunks.all().delete()
    row.rejections.all().delete()
    shutil.rmtree(usage_folder(row.pk), ignore_errors=True)


def set_aside(row: Import, mapping: Mapping, reading: Reading, report: Report) -> Aside | None:
    """Read every table of the mapping and keep its rows; None where no table fits any file. Safe to run again."""
    clear(row)
    kept_from = lake().retention.kept_from()
    place = Place(zone=house().timezone, currency=house().currency, today=row.created_at.date(), source=mapping.source,
                  events_from=None if kept_from is None else day_date(kept_from + 1))  # fmt: skip
    total = sum(source.rows for source in reading.sources)
    aside, seen, used, refusals = Aside(), dict[KindKey, Seen](), set[str](), Listed(row, mapping)
    for table in mapping.tables:
        for source in reading.sources:
            if not table.fits(source):
                continue
            if source.file not in used:
                used.add(source.file)
                aside.add(table.kind, refusals.add(_unread(problem) for problem in rejected_rows(source)))
            for rows, refused in _rows(row, table, source, place, seen.setdefault(table.kind, Seen())):
                aside.read += rows
                aside.add(table.kind, refusals.add(refused))
                report(min(aside.read, total), total, source.file)
    aside.last = refusals.last()
    row.findings = {**row.findings, ASIDE: asdict(aside)}
    return aside if used else None


def _rows(
    row: Import, table: TableMap, source: Source, place: Place, seen: Seen
) -> Iterator[tuple[int, list[Refusal]]]:
    if table.kind is KindKey.USAGE:
        yield from usage_staging.stage(table, source, usage_folder(row.pk), place)
        return
    first = ImportChunk.objects.filter(belongs_to=row, kind=table.kind.value).count()
    for offset, staged in enumerate(staging.stage(table, source, place, seen)):
        ImportChunk.objects.create(belongs_to=row, kind=table.kind.value, number=first + offset, rows=staged.rows)
        yield len(staged.rows) + len(staged.refused), staged.refused


def _unread(problem: Any) -> Refusal:
    return Refusal(problem.file, problem.sheet or "", problem.row or 0, problem.column or "", problem.value or "",
                   problem.code.value, problem.details)  # fmt: skip


class Listed:
    """The list of an import's refused rows: MOST_LISTED of them, each with the column that is wrong."""

    def __init__(self, row: Import, mapping: Mapping) -> None:
        self.row, self.mapping = row, mapping
        self.room = MOST_LISTED - row.rejections.count()

    def add(self, refusals: Iterable[Refusal]) -> int:
        """List refused rows as far as there is room; return how many there are."""
        waiting, number = list[ImportRejection](), 0
        for refusal in refusals:
            number += 1
            if self.room > 0:
                self.room -= 1
                waiting.append(ImportRejection(belongs_to=self.row, **asdict(self._with_column(refusal))))
            if len(waiting) == 1000:
                ImportRejection.objects.bulk_create(waiting, batch_size=500)
                waiting.clear()
        ImportRejection.objects.bulk_create(waiting, batch_size=500)
        return number

    def _with_column(self, refusal: Refusal) -> Refusal:
        fields = (refusal.detail["field"],) if "field" in refusal.detail else FIELDS.get(refusal.reason, ())
        column = refusal.column or mappings.column_of(self.mapping, refusal.file, fields)
        return replace(refusal, column=column)

    def forget_after(self, last: int) -> None:
        """Take back what was listed behind a refusal: by a check whose publish now lists its own."""
        self.room += self.row.rejections.filter(id__gt=last).delete()[0]

    def last(self) -> int:
        """Return the id of the last refusal of the list, 0 where it is empty."""
        return self.row.rejections.order_by("-id").values_list("id", flat=True).first() or 0
