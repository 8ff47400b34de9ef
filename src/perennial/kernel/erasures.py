"""The list of erasures: an append-only file in the home, outside the backup set, that a restored home applies again.

It holds numbers and salted digests, never a name: who is to be erased once more in records that are older than the
erasure, and which ids are refused if they come back.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.conf import settings

FILE = "erasures.jsonl"
Entry = Mapping[str, Any]
"""One line: key, at, salt, subject, customer, `customers` and `users` ({number: mark}), `contacts` (facts), `refused`
(digests)."""


class ListError(Exception):
    """The list cannot be read; the message names the line and what to do."""


def path() -> Path:
    """Return where the list of this home lies."""
    return Path(settings.HOME) / FILE


def mark(salt: str, *parts: object) -> str:
    """Return the digest of what somebody is called; without the salt nobody can try names against it."""
    text = json.dumps([str(part) for part in parts], ensure_ascii=False)
    return blake2b(text.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def entries(file: Path | None = None) -> list[Entry]:
    """Return the list, the oldest first; the torn last line of a crash counts as not written.

    :raises ListError: a line is no entry.
    """
    try:
        lines = (file or path()).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            entry = json.loads(line)
            if not {"key", "at", "salt", "subject", "customers", "users", "contacts", "refused"} <= entry.keys():
                raise ValueError
        except (ValueError, AttributeError) as error:
            raise ListError(
                f"{file or path()}, line {number}: this is no entry of a list of erasures. Bring the file back as it "
                "was: it is only ever added to."
            ) from error
        found.append(entry)
    return found


def salt_now() -> str:
    """Return the salt of this list; a new list gets one."""
    known = entries()
    return str(known[0]["salt"]) if known else secrets.token_hex(16)


def append(entry: Entry) -> bool:
    """Add an entry durably; return whether it was not there yet. Safe to run twice."""
    handle = os.open(path(), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]  # what a crash tore off is written anew
        if any(json.loads(line)["key"] == entry["key"] for line in whole.splitlines()):
            return False
        file.seek(len(whole))
        file.truncate()
        file.write(json.dumps(entry, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def stamp() -> tuple[str, int, int]:
    """Return what changes whenever somebody is erased. Asked several times for each event that comes in by itself."""
    place = f"{settings.HOME}/{FILE}"
    try:
        found = os.stat(place)
    except FileNotFoundError:
        return place, 0, 0
    return place, found.st_size, found.st_mtime_ns


class Refused:
    """Which ids are kept out, read again whenever the list has changed; one look at the file a question."""

    def __init__(self) -> None:
        self._seen: tuple[str, int, int] | None = None
        self._known: dict[str, frozenset[str]] = {}

    def among(self, kind: str, source: str, ids: Iterable[str]) -> set[str]:
        """Return those of the ids of a source that are kept out; `kind`: user, group or email (of no source)."""
        if (now := stamp()) != self._seen:
            known: dict[str, set[str]] = {}
            for entry in entries():
                known.setdefault(entry["salt"], set()).update(entry["refused"])
            self._seen, self._known = now, {salt: frozenset(refused) for salt, refused in known.items() if refused}
        return {
            one for one in ids for salt, refused in self._known.items()
            if mark(salt, kind, source, one.strip().lower()) in refused
        }  # fmt: skip
