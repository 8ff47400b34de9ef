"""A backup is one file: the records, the lake and the uploads of one moment, with the SHA-256 of every part.

The records are copied with SQLite's own backup (or pg_dump) while nobody may commit to the lake, so that neither is
ahead of the other; an import that was just being published is finished by the worker after a restore. The secret key
is left out: whoever restores gets a new one, and sessions end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection

from perennial.site.leftovers import held
from perennial.usage.lake import lake

FORMAT = 1
INDEX = "backup.json"
FOLDERS = ("lake", "uploads")


class BackupError(Exception):
    """The backup or the restore could not be done; the message says why. Nothing half-done is left."""


def backup(target: Path, *, at: datetime) -> dict[str, Any]:
    """Write one backup file; it has its name only once it is whole and on disk. Works while the server runs.

    :raises BackupError: the file exists already, or PostgreSQL's pg_dump is not on this machine.
    """
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    home = Path(settings.HOME)
    with held(target.parent, ".backup-") as folder, held(home, ".backup-") as links:
        with lake().held(links):
            records = _copy_records(folder)
        parts = [(records.name, records), *_below(links, "lake"), *_uploads(home)]
        unfinished = folder / "backup.tar.gz"
        files = _pack(unfinished, parts, at)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
    return {"file": str(target), "files": files, "bytes": target.stat().st_size}


def _pack(target: Path, parts: list[tuple[str, Path]], at: datetime) -> int:
    digests: dict[str, str] = {}
    with tarfile.open(target, "w:gz", compresslevel=3) as tar:
        for name, path in parts:
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # an upload whose import was stopped meanwhile; nothing else here ever goes
            with file:
                info = tar.gettarinfo(arcname=name, fileobj=file)
                read = _Digesting(file)
                tar.addfile(info, read)
                digests[name] = read.digest.hexdigest()
        index = {"format": FORMAT, "at": at.isoformat(), "engine": connection.vendor, "files": digests}
        (target.parent / INDEX).write_text(json.dumps(index))
        tar.add(target.parent / INDEX, arcname=INDEX)
    return len(digests)


class _Digesting:
    """Digests what is read, so that the digest is of the very bytes that were packed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{name}/{path.relative_to(folder)}", path


def _uploads(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield the uploads and what an import staged; working copies (`reading`, `named`) are made anew."""
    for name, path in _below(home / "uploads", "uploads"):
        if not {"reading", "named", "spilled"} & set(path.parts):
            yield name, path


def restore(source: Path, *, home: Path) -> dict[str, Any]:
    """Bring a backup into an empty home, each part compared with its digest.

    :raises BackupError: no backup or half of one, a part that differs, or a home, database or bucket that is in use.
    """
    if any((home / name).exists() for name in ("records.sqlite3", *FOLDERS)):
        raise BackupError(f"{home} is in use. Restore into an empty --home.")
    if settings.LAKE_PLACE is not None and not lake().is_empty():
        raise BackupError(f"{settings.LAKE_PLACE} holds a lake. Name an empty prefix in PERENNIAL_LAKE.")
    home.mkdir(parents=True, exist_ok=True)
    with held(home, ".restore-") as folder:
        index = _unpacked(source, folder)
        if index["engine"] != connection.vendor:
            raise BackupError(f"This backup is of {index['engine']}; DATABASE_URL names {connection.vendor}.")
        if index["engine"] == "sqlite":
            (folder / "records.sqlite3").rename(home / "records.sqlite3")
        else:
            _load_postgres(folder / "records.dump")
        for part in FOLDERS:
            if (folder / part).exists():
                (folder / part).rename(home / part)
    if settings.LAKE_PLACE is not None and (home / "lake").exists():
        lake().take_over(home / "lake")  # killed before this ends: `perennial lake upload` does it
        shutil.rmtree(home / "lake")
    return {"home": str(home), "taken_at": index["at"], "files": len(index["files"])}


def _unpacked(source: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        index: dict[str, Any] = json.loads((folder / INDEX).read_text())
        digests: dict[str, str] = index["files"]
        if index["format"] != FORMAT:
            raise BackupError(f"{source} has format {index['format']}; this version reads {FORMAT}.")
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source} is no whole backup of Perennial: {error}") from error
    for name, digest in digests.items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise BackupError(f"{source}: {name} is missing or differs from what was backed up.")
    return index


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_records(folder: Path) -> Path:
    if connection.vendor == "sqlite":
        target = folder / "records.sqlite3"
        connection.ensure_connection()
        assert connection.connection is not None
        copy = type(connection.connection)(str(target))
        connection.connection.backup(copy)
        copy.close()
        return target
    target = folder / "records.dump"
    _postgres("pg_dump", "--format=custom", f"--file={target}")
    return target


def _load_postgres(dump: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = 'perennial_customer'")
        if cursor.fetchone()[0]:
            raise BackupError("The database that DATABASE_URL names is in use. Restore into an empty one.")
    connection.close()
    _postgres("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(dump))


def _postgres(program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(f"{program} is not on this machine (Debian: apt-get install postgresql-client).")
    place = connection.settings_dict
    environment = {**os.environ, "PGPASSWORD": place["PASSWORD"] or ""}
    where = [
        f"--host={place['HOST']}",
        f"--port={place['PORT'] or 5432}",
        f"--username={place['USER']}",
        f"--dbname={place['NAME']}",
    ]
    command = [program, *where, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode
        raise BackupError(f"{program} failed: {reason}")
