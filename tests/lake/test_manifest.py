"""The manifest as readers hold it: parsed once while it stays the same, and never an old one."""

import os
from pathlib import Path

from tests.lake.builders import AT, METRICS, batch, event

from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake


def _aged(root: Path) -> None:
    """Let the manifest have been written a second ago."""
    stat = (root / "manifest.json").stat()
    os.utime(root / "manifest.json", ns=(stat.st_atime_ns, stat.st_mtime_ns - 1_000_000_000))


def test_a_manifest_that_stays_is_parsed_once_and_a_new_one_is_seen_at_once(tmp_path: Path) -> None:
    lake, other = Lake(tmp_path), Lake(tmp_path)
    lake.accept(batch(event("a")), writer="w1")
    lake.compact(METRICS, at=AT)
    _aged(tmp_path)
    first = lake._live()
    assert lake._live() is first
    other.accept(batch(event("b")), writer="w1")
    other.compact(METRICS, at=AT)
    assert lake._live().generation == first.generation + 1
    assert lake.totals().stored == 2


def test_a_manifest_written_just_now_is_not_held_for_the_same_file_later(tmp_path: Path) -> None:
    """A file system's clock ticks slowly: two files one after the other may have the same number, size and time."""
    storage, manifest = Folder(tmp_path), tmp_path / "manifest.json"
    manifest.write_text('{"generation": 1}')
    written = manifest.stat()
    assert storage.read() == {"generation": 1}
    manifest.write_text('{"generation": 2}')
    os.utime(manifest, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert storage.read() == {"generation": 2}
    _aged(tmp_path)
    assert storage.read() is storage.read()
