"""Folders that a piece of work fills and removes, and that the next one removes where the work was killed.

Each holds a lock as long as its process lives, so that nobody takes the folder of work that is still going on.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".held"
YOUNG_SECONDS = 60
PREFIXES = (".backup-", ".restore-")


@contextmanager
def held(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a fresh folder in `parent` for as long as the work takes; it is removed with all in it."""
    clear(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as name, (Path(name) / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        inside = Path(name) / "work"
        inside.mkdir()
        yield inside


def clear(parent: Path) -> list[Path]:
    """Remove what killed work left in a folder; return it. Safe to call at any time and by many."""
    found = [path for prefix in PREFIXES for path in parent.glob(f"{prefix}*") if path.is_dir() and _is_dead(path)]
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return found


def _is_dead(folder: Path) -> bool:
    """Whether nobody holds a folder; one that was only just made has no lock yet and is left alone."""
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return _age(folder) > YOUNG_SECONDS
    except OSError:
        return False


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:  # gone meanwhile
        return 0.0
