"""`perennial restore FILE --home DIR`: bring a backup into an empty home."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

HELP = "bring a backup into an empty home, each part compared with its digest"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a file that `perennial backup` wrote")
    parser.add_argument(
        "--erasures",
        type=Path,
        metavar="LIST",
        help="the old home's erasures.jsonl, where it does not lie in --home yet: who was erased since is erased again",
    )


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from django.conf import settings

    from perennial.kernel import erasures
    from perennial.privacy.models import Erasure
    from perennial.site import backup, start
    from perennial.site.cli import CommandFailed

    home = Path(settings.HOME)
    if given.erasures and not given.erasures.is_file():
        raise CommandFailed(f"There is no {given.erasures}. --erasures names the old home's {erasures.FILE}.")
    try:
        erasures.entries(given.erasures)
        done = backup.restore(given.file.resolve(), home=home)
        if given.erasures and given.erasures.resolve() != (home / erasures.FILE).resolve():
            shutil.copyfile(given.erasures, home / erasures.FILE)
        start.migrate()
    except (backup.BackupError, erasures.ListError) as error:
        raise CommandFailed(str(error)) from error
    again = Erasure.objects.exclude(again_at=None).filter(rewritten_at=None).count()
    return {**done, "has_list": bool(erasures.entries()), "erased_again": again}


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    taken = datetime.fromisoformat(result["taken_at"])
    erased = (
        f" {result['erased_again']:,} erasures were applied again; the worker rewrites the files."
        if result["has_list"]
        else " No list of erasures was found: where somebody was erased since, restore again with --erasures LIST."
    )
    return (
        f"Restored into {result['home']} what was backed up on {taken:%Y-%m-%d at %H:%M} UTC: "
        f"{result['files']:,} files. Sign-ins and sessions begin anew; passwords and API keys are as they were."
        f"{erased}"
    )
