"""What is told of a job that ended by something nobody foresaw: what happened, where it was, and what to do."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from django.db import OperationalError
from django.utils.translation import gettext as _

MOST_LETTERS = 200


@dataclass
class Reached:
    """How far a job said that it was: so much of so much, and in which file or step."""

    done: int = 0
    total: int | None = None
    text: str = ""


def told(kind: str, job_id: int, error: BaseException, reached: Reached) -> str:
    """Return the sentences for whoever asked for the work. No query."""
    parts = [_happened(error), _where(kind, reached), _to_do(kind, error),
             _("The log has the rest under job %(id)s.") % {"id": job_id}]  # fmt: skip
    return " ".join(part for part in parts if part)


def _happened(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return _("The machine has too little memory for this.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _("The disk is full.")
    if isinstance(error, FileNotFoundError):
        return _("A file that belongs to this is not there any more: %(file)s.") % {"file": error.filename or "?"}
    if isinstance(error, OperationalError):
        return _("The database could not be reached, or was busy for too long.")
    said = next(iter(str(error).strip().splitlines()), "")[:MOST_LETTERS]
    return _("Something failed that nobody foresaw: %(error)s.") % {
        "error": f"{type(error).__name__}: {said}" if said else type(error).__name__
    }


def _where(kind: str, reached: Reached) -> str:
    if not kind.startswith("import.") or not reached.text:
        return ""
    if kind == "import.check" and reached.total:
        return _("It was in %(file)s, in the rows after %(row)s of %(of)s.") % {
            "file": reached.text, "row": reached.done, "of": reached.total}  # fmt: skip
    return _("It was at %(file)s.") % {"file": reached.text}


def _to_do(kind: str, error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _("Make room on the disk, then try again.")
    if isinstance(error, OperationalError):
        return _("Try again in a moment.")
    if kind in {"import.look", "import.check"}:
        return _("Nothing was written. Look at these rows, or save the file as CSV in UTF-8 and bring that one.")
    if kind == "import.publish":
        return _("What was written stays and is not written twice: publish again.")
    return ""
