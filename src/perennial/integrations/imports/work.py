"""The long steps of an import, as jobs of the worker or called by the command line. Each is safe to run twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from perennial.integrations.imports import looking, misfits, proposal, publishing
from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports.looking import Report, Tables, detected, keep, look, reading_of
from perennial.integrations.imports.mapping import Mapping as Mapped
from perennial.integrations.imports.models import Import, ImportState
from perennial.integrations.imports.publishing import BeingPublished
from perennial.integrations.imports.reading.terms import Reading
from perennial.integrations.imports.setting_aside import set_aside

__all__ = ["BeingPublished", "WorkFailed", "bring", "check", "finish_dead", "look", "publish_now"]
NOT_READ, LEFT_OUT, ASSUMED = "not_read", "left_out", "assumed"


class WorkFailed(Exception):
    """A step that cannot succeed with these files or this mapping; the message is for the person who asked."""


def check(import_id: int, *, at: datetime, report: Report) -> dict[str, Any]:
    """Stage every clean row, list every refused one, and count by a publish that is rolled back; return the counts.

    :raises WorkFailed: no table fits, or a date reads both ways and nobody chose.
    """
    row = Import.objects.get(id=import_id)
    with reading_of(row, mappings.from_data(row.mapping).reading) as reading:
        mapping = _set_aside(row, reading, None, report)
    _count(row, mapping, at, report)
    return dict(row.counts)


def bring(import_id: int, *, at: datetime, report: Report, dry: bool = False) -> dict[str, Any]:
    """Take files in as the command line does: read once, the proposal where no mapping is given, then published at once
    (`dry`: only counted); return the counts.

    :raises WorkFailed: no table fits, or a date reads both ways and nobody chose. Nothing is written then.
    """
    row = Import.objects.get(id=import_id)
    rules = mappings.from_data(row.mapping).reading if row.mapping else ()
    with reading_of(row, rules) as reading:
        tables = None if row.mapping else looking.look_at(row, reading, report)
        mapping = _set_aside(row, reading, tables, report)
    if dry:
        _count(row, mapping, at, report)
        return dict(row.counts)
    row.save(update_fields=["findings"])
    return publish_now(import_id, at=at)


def _set_aside(row: Import, reading: Reading, tables: Tables | None, report: Report) -> Mapped:
    """Stage the rows under the mapping, completed by what was detected; `tables` where that is known already."""
    if not reading.sources:
        raise WorkFailed(misfits.nothing_read(reading))
    mapping = mappings.from_data(row.mapping)
    if tables is None:
        tables = detected(reading, report) if proposal_needed(mapping) else [(one, ()) for one in reading.sources]
    _ask(mapping, tables)
    row.findings[NOT_READ] = misfits.not_read(reading)
    row.findings[LEFT_OUT] = misfits.left_out(mapping, reading.sources)
    row.findings[ASSUMED] = misfits.assumed(mapping, reading.sources)
    if set_aside(row, proposal.completed(mapping, tables), reading, report) is None:
        raise WorkFailed(_("No table of the mapping fits any of the files: neither their names nor their columns."))
    return mapping


def _count(row: Import, mapping: Mapped, at: datetime, report: Report) -> None:
    publishing.dry_run(row, mapping, at)
    row.state = ImportState.checked
    keep(row, ["counts", "quality", "findings", "state"], report)


def proposal_needed(mapping: Mapped) -> bool:
    """Return whether a date column has no format yet, so that its columns must be looked at before they are read."""
    return any(
        use.column is not None and use.format is None for table in mapping.tables for use in table.columns.values()
    )


def _ask(mapping: Mapped, tables: Tables) -> None:
    """:raises WorkFailed: the mapping and the files do not meet; or a date reads both ways and nobody chose: guessing
    would falsify silently."""
    problem = misfits.misfit(mapping, [source for source, _columns in tables])
    open_questions = proposal.questions(mapping, tables)
    if problem or open_questions:
        raise WorkFailed(problem or misfits.asked(open_questions[0]))


def publish_now(import_id: int, *, at: datetime) -> dict[str, Any]:
    """Publish what is staged: the records in one transaction, then the usage by one rename, then the journal's word;
    return the counts. A run that died anywhere is simply repeated, and goes on where it stopped.

    :raises BeingPublished: another process is at it.
    """
    with publishing.alone(import_id):
        row = Import.objects.get(id=import_id)
        if row.state != ImportState.published:
            mapping = mappings.from_data(row.mapping)
            publishing.write_records(row, mapping, at)
            publishing.publish_usage(row, mapping, at)
            publishing.finish(row, at)
        return dict(row.counts)


def unfinished() -> list[int]:
    """Return the imports whose records are written and that nobody has finished since: their process died."""
    rows = Import.objects.filter(state=ImportState.publishing).order_by("id")
    return [row.pk for row in rows if publishing.WRITTEN in row.findings]


def finish_dead(*, at: datetime) -> list[int]:
    """Finish the imports whose process died between records and usage; return them. Safe to run twice."""
    done = []
    for import_id in unfinished():
        try:
            publish_now(import_id, at=at)
            done.append(import_id)
        except BeingPublished:
            continue  # it is alive
    return done
