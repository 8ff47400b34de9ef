"""The steps of an import: take files, look at them, propose; check (dry run), publish, cancel.

Long steps are jobs: `import.look`, `import.check`, `import.publish`. Each may be left, cancelled and run again: the
look and the check write nothing but their findings; the publish is one transaction of the records and one rename of
the lake's manifest, under the state `publishing`, which a repeated run finishes.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from perennial.integrations.imports import mapping as mappings
from perennial.integrations.imports.models import Import, ImportFile, ImportState
from perennial.kernel.journal import actions as journal
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue import queries as queued

MOST_NAME = 200
GIGABYTE = 1024**3
MOST_BYTES = 2 * GIGABYTE
"""Of one import, together, through the browser."""
MOST_BYTES_HERE = 50 * GIGABYTE
"""Of one import from a folder of the server, by whoever may use its command line: two years of history."""
OVER = (ImportState.published, ImportState.cancelled)


class ImportRefused(ValueError):
    """What was asked cannot be done with this import; the message says why and what to do."""


def folder_of(import_id: int) -> Path:
    """Return the folder of an import's uploads and working copies."""
    return Path(settings.HOME) / "uploads" / "imports" / str(import_id)


def create(
    *, files: Iterable[tuple[str, BinaryIO]], name: str, by: int | None, at: datetime, most: int = MOST_BYTES
) -> int:
    """Keep uploaded files under random names and return the import's id; look at them is the next step.

    :raises ImportRefused: no file, or together more than `most` bytes.
    """
    row = Import.objects.create(name=name[:200], by_id=by, created_at=at)
    folder = folder_of(row.pk) / "files"
    folder.mkdir(parents=True)
    kept = [_keep(row, folder, file_name, content) for file_name, content in files]
    if not kept or sum(file.size for file in kept) > most:
        row.delete()
        shutil.rmtree(folder.parent, ignore_errors=True)
        text = _("Choose at least one file; together they may be %(limit)s GB.") if not kept else _(
            "Together these files are over %(limit)s GB. Import them in parts.")  # fmt: skip
        raise ImportRefused(text % {"limit": most // GIGABYTE})
    ImportFile.objects.bulk_create(kept)
    if not name:
        Import.objects.filter(id=row.pk).update(name=_name_of([file.name for file in kept]))
    return row.pk


def _keep(row: Import, folder: Path, name: str, content: BinaryIO) -> ImportFile:
    """Copy one upload under a random name with its ending; the name that the person gave is only shown."""
    shown = _shown(name)
    endings = "".join(Path(shown).suffixes[-2:]).lower()
    path = folder / f"{uuid.uuid4().hex}{endings if endings.isascii() and len(endings) <= 12 else ''}"
    digest = hashlib.sha256()
    with path.open("wb") as out:
        while block := content.read(1 << 20):
            digest.update(block)
            out.write(block)
    return ImportFile(belongs_to=row, name=shown, path=path.name, size=path.stat().st_size, digest=digest.hexdigest())


def _name_of(files: Sequence[str]) -> str:
    """Return the name of an import that nobody named: its first two files, and how many more there are."""
    more = f" +{len(files) - 2}" if len(files) > 2 else ""
    return f"{', '.join(files[:2])[:190]}{more}"


def _shown(name: str) -> str:
    """Return a file's name without folders, signs that cannot be seen, and more than a file system takes."""
    last = "".join(sign for sign in name.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable()).strip()
    stem, dot, ending = last.rpartition(".")
    kept = last if len(last.encode()) <= MOST_NAME else stem[: MOST_NAME // 8] + dot + ending[-8:]
    return kept if kept.strip(".") else "file"


def look(*, import_id: int, by: int | None, at: datetime) -> int:
    """Ask the worker to read the files and propose a mapping; return the job."""
    return _start(import_id, "import.look", ImportState.checking, by=by, at=at)


@transaction.atomic
def set_mapping(*, import_id: int, data: Mapping[str, Any]) -> None:
    """Keep the corrected mapping.

    :raises ImportRefused: the import is over or being published.
    :raises MappingError: the mapping cannot be; the message names the place.
    """
    row = _open(import_id)
    mapping = mappings.from_data(dict(data))
    if row.mapping == mappings.to_data(mapping):
        return  # the same again, perhaps sent late by a page that was left: a check that was done meanwhile stays
    row.mapping, row.counts, row.state = mappings.to_data(mapping), {}, ImportState.uploaded
    row.save(update_fields=["mapping", "counts", "state"])


def check(*, import_id: int, by: int | None, at: datetime) -> int:
    """Ask the worker for a dry run: every row checked and staged, new / changed / same / rejected counted, nothing
    written; return the job."""
    return _start(import_id, "import.check", ImportState.checking, by=by, at=at)


@transaction.atomic
def publish(*, import_id: int, by: int | None, at: datetime) -> int:
    """Ask the worker to publish what the check staged; return the job.

    :raises ImportRefused: it was not checked under its present mapping.
    """
    if _open(import_id).state not in (ImportState.checked, ImportState.publishing):
        raise ImportRefused(_("Check the files first: a publish writes only what a check has seen."))
    return _start(import_id, "import.publish", ImportState.publishing, by=by, at=at)


@transaction.atomic
def _start(import_id: int, kind: str, state: ImportState, *, by: int | None, at: datetime) -> int:
    row = _open(import_id)
    row.state, row.error = state, ""
    row.job_id = queue.enqueue(kind, at=at, payload={"import": import_id}, by=by)
    row.save(update_fields=["state", "error", "job_id"])
    return row.job_id


def _open(import_id: int) -> Import:
    """Return an import on which nobody works, locked. A publish that died is such a one: it is asked for again."""
    row = Import.objects.select_for_update().get(id=import_id)
    if row.state in OVER:
        raise ImportRefused(_("This import is over. Start a new one."))
    if _is_worked_on(row):
        raise ImportRefused(_("This import is being worked on. Wait until that is done, or stop it."))
    return row


def _is_worked_on(row: Import) -> bool:
    job = queued.job(row.job_id) if row.job_id is not None else None
    return job is not None and not job.is_over


@transaction.atomic
def stop(*, import_id: int, at: datetime) -> None:
    """Stop a look or a check; the files and the mapping stay, and either can be started again.

    :raises ImportRefused: it is being published, or over.
    """
    row = Import.objects.select_for_update().get(id=import_id)
    if row.state != ImportState.checking:
        raise ImportRefused(_("There is nothing to stop: this import is published, or nobody works on it."))
    if row.job_id is not None:
        queue.request_cancel(job_id=row.job_id, at=at)
    row.state = ImportState.uploaded
    row.save(update_fields=["state"])


@transaction.atomic
def cancel(*, import_id: int, by: int | None, at: datetime) -> None:
    """End an import that is not published: its job stops, its staged rows and files go, nothing was written.

    :raises ImportRefused: it is published, or being published.
    """
    row = Import.objects.select_for_update().get(id=import_id)
    if row.state == ImportState.published or (row.state == ImportState.publishing and _is_worked_on(row)):
        raise ImportRefused(_("What is published stays. Import corrected files: same ids are changed, never doubled."))
    if row.job_id is not None:
        queue.request_cancel(job_id=row.job_id, at=at)
    row.state = ImportState.cancelled
    row.save(update_fields=["state"])
    row.chunks.all().delete()
    journal.record("import.cancelled", subject=f"import:{import_id}", by=by, at=at)
    transaction.on_commit(lambda: shutil.rmtree(folder_of(import_id), ignore_errors=True))


def is_cancelled(import_id: int) -> bool:
    """Return whether an import was cancelled, or was taken back before anything was kept."""
    return not Import.objects.filter(id=import_id).exclude(state=ImportState.cancelled).exists()


def note_failure(*, import_id: int, error: str) -> None:
    """Keep why a check could not be done; the mapping can be corrected and checked again."""
    Import.objects.filter(id=import_id).update(state=ImportState.uploaded, error=error)


def files_of(row: Import) -> Sequence[tuple[str, Path]]:
    """Return (shown name, path) of an import's files."""
    folder = folder_of(row.pk) / "files"
    return [(file.name, folder / file.path) for file in row.files.order_by("id")]
