"""The first look at an import's files: read them, find what each column holds, propose a mapping."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.integrations.imports import actions, edits, findings, proposal
from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports.access import imports_of
from perennial.integrations.imports.actions import files_of, folder_of
from perennial.integrations.imports.detection.detect import detect
from perennial.integrations.imports.detection.terms import Column
from perennial.integrations.imports.mapping import Mapping as Mapped
from perennial.integrations.imports.models import Import, ImportState
from perennial.integrations.imports.origin import origin_of
from perennial.integrations.imports.reach import reach_of
from perennial.integrations.imports.reading import manner
from perennial.integrations.imports.reading.manner import Rule
from perennial.integrations.imports.reading.sources import read_sources, with_sample
from perennial.integrations.imports.reading.terms import Reading, Source
from perennial.kernel.organisation.queries import house

Report = Callable[[int, int | None, str], None]
Tables = Sequence[tuple[Source, tuple[Column, ...]]]
FORMERS = 20
ASKED = "asked"  # in the findings: how a person wants a file read, until that is done


@dataclass(frozen=True)
class _Given:
    """A mapping that is there before the look, and where it is from. `anew`: the file that is to be read otherwise."""

    mapping: Mapped | None = None
    rules: tuple[Rule, ...] = ()
    former: Import | None = None
    anew: str | None = None


def look(import_id: int, *, report: Report) -> None:
    """Read the files, find what each column holds, and propose a mapping; keep what was found for the wizard.

    A mapping that is there stays; where a file is read otherwise than before, only its tables are proposed anew.
    """
    row = Import.objects.get(id=import_id)
    ways = list(_given(row))
    for rules in sorted({given.rules for given in ways}, key=len, reverse=True):
        with reading_of(row, rules) as reading:
            if _looked_at(row, reading, [given for given in ways if given.rules == rules], report) is not None:
                return


def look_at(row: Import, reading: Reading, report: Report) -> Tables:
    """Look at files that are read already, as they were found; keep findings and mapping, and return the tables."""
    found = _looked_at(row, reading, [given for given in _given(row) if not given.rules], report)
    assert found is not None  # the last way to go is always open: to propose a mapping
    return found


def _looked_at(row: Import, reading: Reading, ways: Sequence[_Given], report: Report) -> Tables | None:
    """Keep what was found under the first of these ways that fits, and return the tables; None where none fits."""
    tables = detected(reading, report)
    given = next((one for one in ways if one.former is None or _all_fit(one.mapping, tables)), None)
    if given is None:
        return None
    row.findings = findings.of(reading, tables)
    if len(tables) == 1 and edits.is_exported(tables[0][0], row.by):
        row.findings["edits"] = edits.stage(row, tables[0][0])
    if tables:
        row.findings["reused"] = given.former.name if given.former else None
        row.mapping = mappings.to_data(_mapping(row, given, tables))
    else:
        row.findings["rules"] = [mappings.rule_data(rule) for rule in given.rules]
    row.state = ImportState.uploaded if reading.sources else ImportState.failed
    row.error = "" if reading.sources else _("None of the files holds a table that can be read.")
    keep(row, ["findings", "mapping", "state", "error"], report)
    return tables


@transaction.atomic
def read_otherwise(*, import_id: int, file: str, rules: Sequence[Rule], by: int | None, at: datetime) -> int:
    """Have a file read as a person says, instead of as was found; return the job. The mapping follows when it is read.

    `rules`: those of all files of the import.

    :raises ImportRefused: the import is over or being worked on.
    """
    row = Import.objects.select_for_update().get(id=import_id)
    row.findings[ASKED] = {"file": file, "rules": [mappings.rule_data(rule) for rule in rules]}
    row.save(update_fields=["findings"])
    return actions.look(import_id=import_id, by=by, at=at)


def rules_of(mapping: dict[str, Any], found: dict[str, Any]) -> tuple[Rule, ...]:
    """Return how the files of an import are read now, where a person said it: as its mapping has it, or its findings
    while no table could be read."""
    data = mapping.get("reading", found.get("rules", ()))
    return tuple(mappings.rules_of(list(data)))


def _given(row: Import) -> Iterator[_Given]:
    """Yield what to try, one after the other: what a person asked for, the present mapping, a former one, nothing."""
    mapping = mappings.from_data(row.mapping) if row.mapping else None
    asked = row.findings.get(ASKED)
    if asked:
        yield _Given(mapping, tuple(mappings.rules_of(asked["rules"])), anew=asked["file"])
        return
    if mapping is not None:
        yield _Given(mapping, mapping.reading)
        return
    seen = set[str]()
    for former in _formers(row):
        kept = mappings.from_data(former.mapping)
        for one in (kept, _for_any_date(kept)):
            if repr(one.tables) + repr(one.reading) not in seen:
                seen.add(repr(one.tables) + repr(one.reading))
                yield _Given(one, one.reading, former)
    yield _Given()


def _formers(row: Import) -> Iterator[Import]:
    """Yield the latest published imports whose mapping may fit: each of these files is called as one of its tables."""
    names = [name for name, _path in files_of(row)]
    seen = Import.objects.all() if row.by is None else imports_of(row.by)
    published = seen.filter(state=ImportState.published).exclude(id=row.pk).exclude(mapping={})
    for former in published.order_by("-id")[:FORMERS]:
        loose = _for_any_date(mappings.from_data(former.mapping))
        patterns = [Rule(table.file) for table in loose.tables]
        is_archive = any(name.lower().endswith(".zip") for name in names)
        if is_archive or all(any(manner.fits(pattern, name) for pattern in patterns) for name in names):
            yield former


def _for_any_date(mapping: Mapped) -> Mapped:
    """Return a mapping for next month's files too: digits in the names of its files may be others."""
    return replace(
        mapping,
        tables=tuple(replace(table, file=_loose(table.file)) for table in mapping.tables),
        reading=tuple(replace(rule, file=_loose(rule.file)) for rule in mapping.reading),
    )


def _loose(name: str) -> str:
    return re.sub(r"\d[\d._-]*\d|\d\d", "*", name)


def _all_fit(mapping: Mapped | None, tables: Tables) -> bool:
    fitting = mapping.tables if mapping else ()
    return bool(tables) and all(any(table.fits(source) for table in fitting) for source, _columns in tables)


def _mapping(row: Import, given: _Given, tables: Tables) -> Mapped:
    if given.mapping is None:
        return replace(_proposed(row, tables), reading=given.rules)
    if given.anew is None:
        return given.mapping
    return proposal.renewed(replace(given.mapping, reading=given.rules), tables, file=given.anew)


def _proposed(row: Import, tables: Tables) -> Mapped:
    mapping = proposal.propose(tables, source="")
    pairs = [(table, source) for table in mapping.tables for source, _columns in tables if table.fits(source)]
    names = [name for name, _path in files_of(row)]
    folder = "" if row.by_id is not None or row.name in names else row.name
    origin = origin_of(pairs, names, folder, reach_of(row.by_id))
    row.findings["origin"] = asdict(origin)
    return replace(mapping, source=origin.source)


@contextmanager
def reading_of(row: Import, rules: Sequence[Rule] = ()) -> Iterator[Reading]:
    """Read the files in the limited child into a working folder that goes afterwards; shown names stand in findings."""
    work = folder_of(row.pk) / "reading"
    shutil.rmtree(work, ignore_errors=True)
    links = folder_of(row.pk) / "named"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    paths = []
    for number, (name, path) in enumerate(files_of(row)):
        place = links / str(number)
        place.mkdir()
        (place / name).symlink_to(path)
        paths.append(place / name)
    try:
        yield read_sources(paths, work, rules)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(links, ignore_errors=True)


def detected(reading: Reading, report: Report) -> Tables:
    """Return the tables, their first rows at hand, with what each of their columns holds; looks at every cell."""
    zone, tables = house().timezone, []
    for number, source in enumerate(reading.sources):
        report(number, len(reading.sources), source.file)
        tables.append((with_sample(source), detect(source, zone)))
    return tables


@transaction.atomic
def keep(row: Import, fields: list[str], report: Report) -> None:
    """Keep what a step found, unless somebody stopped it meanwhile: then the report raises, and nothing is kept."""
    Import.objects.select_for_update().get(id=row.pk)
    report(1, 1, "")
    row.save(update_fields=fields)
