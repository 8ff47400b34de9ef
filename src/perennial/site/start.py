"""What must be true before anything serves: tables up to date, browser files in place, translations compiled."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from perennial.kernel.erasures import ListError
from perennial.site import env, leftovers


def migrate() -> None:
    """Bring the tables up to date; quick when they are. What a killed backup or restore left is removed first.

    Records that are older than an erasure have it applied again, before anybody can see them.

    :raises CommandFailed: the list of erasures cannot be read; nothing may serve without it.
    """
    Path(settings.HOME).mkdir(parents=True, exist_ok=True)
    leftovers.clear(Path(settings.HOME))
    call_command("migrate", interactive=False, verbosity=0)
    erase_again()


def erase_again() -> int:
    """Apply the home's list of erasures to records that do not know of them; return how many that were."""
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.privacy.again import apply_again
    from perennial.site.cli import CommandFailed

    try:
        house()
        return apply_again(at=datetime.now(UTC))
    except NotInitialised:
        return 0
    except ListError as error:
        raise CommandFailed(str(error)) from error


def ready_lake(*, is_new: bool = False) -> None:
    """Look at the object store that is to hold the lake, where one is named; `is_new`: the home is just being made.

    :raises CommandFailed: it holds another home's lake, or this home's is still in the folder.
    :raises StoreFault: it cannot be reached or cannot hold a lake.
    """
    from perennial.site.cli import CommandFailed
    from perennial.usage.lake import lake

    place, folder = settings.LAKE_PLACE, Path(settings.HOME) / "lake"
    if place is None:
        return
    lake().prepare()
    if is_new and not lake().is_empty():
        raise CommandFailed(f"{place} holds the lake of another home. Name an empty prefix in PERENNIAL_LAKE.")
    if (folder / "manifest.json").exists() and lake().is_empty():
        raise CommandFailed(
            f"The lake of this home is in {folder}, and {place} is empty. Bring it there: {env.called()} lake upload\n"
            "Or leave PERENNIAL_LAKE out."
        )


def place_static_files() -> None:
    """Collect the browser files into the home when the package's differ from those collected last."""
    folder = settings.PACKAGE / "static"
    stamp = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            stamp.update(f"{file.relative_to(folder)} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    mark = Path(settings.STATIC_ROOT) / ".collected"
    if mark.exists() and mark.read_text() == stamp.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    mark.write_text(stamp.hexdigest())
