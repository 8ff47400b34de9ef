"""A whole lake out of its place, for a backup, and from a folder into a place that has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from perennial.lake import durable, inbox, manifest
from perennial.lake.manifest import DataFile, Manifest
from perennial.lake.storage.folder import MANIFEST, Folder, as_bytes
from perennial.lake.storage.terms import Raw, Storage, Unsuitable


@contextmanager
def held(source: Storage, into: Path) -> Iterator[None]:
    """Put everything live into an empty folder, and let nobody commit until the block ends; see Lake.held."""
    with source.hold():
        live = manifest.read(source)
        waiting = [name for name in inbox.waiting(source) if name not in live.retired]
        names = [*(file.path for files in live.tables.values() for file in files), *live.adopted, *waiting]
        for name, path in zip(names, source.here(names), strict=True):
            durable.link_or_copy(path, into / name)
        if live.generation:
            (into / MANIFEST).write_bytes(as_bytes(manifest.written(live)))
        yield


def take_over(source: Folder, target: Storage) -> int:
    """Bring everything live there, commit it in one step, and return how many files it is. Safe to kill and to repeat.

    :raises Unsuitable: the target holds a lake already.
    """
    live = manifest.read(source)
    _refuse_lake(target)
    target.prepare()
    waiting = [name for name in inbox.waiting(source) if name not in live.retired]
    files = [file.path for table in live.tables.values() for file in table]
    names = {name: _placed(source, target, name) for name in (*files, *live.adopted, *waiting)}
    target.keep(names.values())

    def there(file: DataFile) -> DataFile:
        return replace(file, path=names[file.path], digest=file.digest or durable.digest(source.folder / file.path))

    moved = replace(
        live,
        # Later than every file's name, so that no name comes a second time.
        generation=live.generation + 1,
        tables={table: tuple(there(file) for file in found) for table, found in live.tables.items()},
        adopted=tuple(names[name] for name in live.adopted),
        retired={},
    )

    def committed(raw: Raw | None) -> Raw:
        if raw is not None:
            _refuse_lake(target)
        return manifest.written(moved)

    target.commit(committed)
    return len(names)


def _placed(source: Folder, target: Storage, name: str) -> str:
    path = source.folder / name
    placed = target.named(name, durable.digest(path))
    if not (target.folder / placed).is_file():
        durable.link_or_copy(path, target.folder / placed)
    return placed


def _refuse_lake(target: Storage) -> None:
    if manifest.read(target) != Manifest() or inbox.waiting(target):
        raise Unsuitable("There is a lake already where this one is to go. Name another PERENNIAL_LAKE, an empty one.")
