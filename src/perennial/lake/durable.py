"""Bytes that survive a power cut: write aside, fsync, rename, fsync the folder."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 16_384
WORTH_PACKING = 64
"""Rows from which on a Parquet file is packed."""


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each of them durable in its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    _fsync(folder, os.O_RDONLY | os.O_DIRECTORY)


def sync_files(paths: Iterable[Path]) -> None:
    """Make files and their names durable; several at once, because each fsync waits for the disk."""
    files = list(paths)
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda path: _fsync(path, os.O_RDONLY), files))
        list(pool.map(sync_folder, {path.parent for path in files}))


def sync_below(root: Path, names: Iterable[str]) -> None:
    """Make files below a folder durable, and their folders up to that one."""
    paths = [root / name for name in names]
    sync_files(paths)
    above = {folder for path in paths for folder in path.parent.parents if folder.is_relative_to(root)}
    for folder in above:
        sync_folder(folder)


def replace_bytes(path: Path, content: bytes) -> None:
    """Put a file in the place of another in one step; a reader sees the old or the new, never a part."""
    with aside(path) as unfinished:
        unfinished.write_bytes(content)


def replace_parquet(path: Path, table: pa.Table) -> None:
    """Write a table as one durable Parquet file in one step.

    What fits into a row group is made in memory and written at once: a file of a few events costs half as much so.
    """
    make_folder(path.parent)
    with aside(path) as unfinished:
        if table.num_rows > ROW_GROUP:
            write_parquet(table, unfinished)
        else:
            made = pa.BufferOutputStream()
            write_parquet(table, made)
            unfinished.write_bytes(made.getvalue())


def write_parquet(table: pa.Table, target: Path | pa.NativeFile) -> None:
    """Write a table as Parquet, not yet durable. A few rows are not packed: they hardly get smaller, and making a
    packer for each column costs more than the rest."""
    how = encoding(table.schema)
    if table.num_rows < WORTH_PACKING:
        how["compression"] = "none"
    pq.write_table(table, target, row_group_size=ROW_GROUP, **how)


def digest(path: Path) -> str:
    """Return a file's BLAKE2b digest of 16 bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _empty_digest).hexdigest()


def digest_of(content: bytes | pa.Buffer) -> str:
    """Return the same digest of bytes."""
    found = _empty_digest()
    found.update(content)
    return found.hexdigest()


def _empty_digest() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=16)


def encoding(schema: pa.Schema) -> dict[str, Any]:
    """Return how Parquet writes these columns: no dictionary of what hardly repeats; times, and users, who stand beside
    those of their customer, as differences."""
    steps = [field.name for field in schema if pa.types.is_timestamp(field.type) or field.name == "user"]
    unlike = {*steps, *(field.name for field in schema if pa.types.is_fixed_size_binary(field.type))}
    return {
        "compression": "zstd",
        "store_schema": False,
        "use_dictionary": [name for name in schema.names if name not in unlike],
        "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED") or None,
    }


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file that never changes a second name; copy it where that is another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among all processes; a process that dies lets go of it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the same lock if nobody holds it; say whether it is held."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def remove_if_older(path: Path, before: float) -> None:
    """Remove a file that was last written before a time (seconds since 1970), if it is still there."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Yield a name to write under; what was written takes the path's place, or, after a fault, no room on the disk."""
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}.tmp")
    try:
        yield unfinished
        _fsync(unfinished, os.O_RDONLY)
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _fsync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
