"""`perennial restore FILE --home DIR`: bring a backup into an empty home."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

HELP = "bring a backup into an empty home, each part compared with its digest"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a file that `perennial backup` wrote")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from django.conf import settings

    from perennial.site import backup
    from perennial.site.cli import CommandFailed

    try:
        return backup.restore(given.file.resolve(), home=Path(settings.HOME))
    except backup.BackupError as error:
        raise CommandFailed(str(error)) from error


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    taken = datetime.fromisoformat(result["taken_at"])
    return (
        f"Restored into {result['home']} what was backed up on {taken:%Y-%m-%d at %H:%M} UTC: "
        f"{result['files']:,} files. Sign-ins and sessions begin anew; passwords and API keys are as they were."
    )
