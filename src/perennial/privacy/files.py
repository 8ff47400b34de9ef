"""Files of the home that may hold somebody: uploads and staged rows of imports, lists that were exported.

A file is not searched, since a workbook may hold anything: what serves no longer is removed as a whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.conf import settings

from perennial.integrations.imports import actions as imports
from perennial.integrations.imports.models import Import
from perennial.reports import export as lists
from perennial.usage.lake import lake

FOLDER = "privacy"


def open_imports() -> list[int]:
    """Return the imports that are neither published nor cancelled; one query."""
    return list(Import.objects.exclude(state__in=imports.OVER).order_by("id").values_list("id", flat=True))


def clear(*, by: int | None, at: datetime) -> dict[str, int]:
    """Cancel open imports, remove the uploads of all, every exported list; return how many of each. Safe to run twice.

    Whoever needs one of them brings it in, or asks for it, again.
    """
    counts = {"open_imports": 0, "uploads": 0, "exports": 0}
    for number in open_imports():
        try:
            imports.cancel(import_id=number, by=by, at=at)
        except imports.ImportRefused:
            continue  # it is being published: its rows are in the records in a moment, and its files go at the next try
        lake().discard(number)
        counts["open_imports"] += 1
    busy = {str(number) for number in open_imports()}
    for folder in _below(Path(settings.HOME) / "uploads" / "imports"):
        if folder.name not in busy:
            shutil.rmtree(folder, ignore_errors=True)
            counts["uploads"] += 1
    for file in [*_below(lists.folder()), *_below(folder_of_exports())]:
        file.unlink(missing_ok=True)
        counts["exports"] += 1
    return counts


def is_clear() -> bool:
    """Whether no import is left that was being published while the others were cleared."""
    return not open_imports()


def folder_of_exports() -> Path:
    """Return where exports of people and customers are kept, readable by nobody else on the machine."""
    path = Path(settings.HOME) / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _below(folder: Path) -> Iterable[Path]:
    return [path for path in sorted(folder.glob("*")) if path.is_dir() is (folder.name == "imports")]
