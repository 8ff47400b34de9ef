"""`perennial backup FILE`: everything of this home in one file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perennial.site import telling

HELP = "write records, lake and uploads into one file; works while the server runs"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the backup to write, for example perennial-2026-03-02.tar.gz")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site import backup
    from perennial.site.cli import CommandFailed

    try:
        house()
        return backup.backup(given.file.resolve(), at=datetime.now(UTC))
    except (backup.BackupError, NotInitialised) as error:
        raise CommandFailed(str(error)) from error


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    return f"Wrote {result['file']}: {result['files']:,} files, {telling.size(result['bytes'])}."
