"""Brings files in as the command line does: create, mapping, check, publish."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from perennial.integrations.imports import actions, mapping, queries, work
from perennial.integrations.imports.queries import Rejection

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def silent(_done: int, _total: int | None, _text: str) -> None:
    """Report to nobody."""


def checked(place: Path | list[Path], given: str, *, at: datetime, by: int | None = None) -> int:
    """Take files in and check them under a mapping (an example's file name, or YAML); return the import."""
    text = (EXAMPLES / given).read_text(encoding="utf-8") if given.endswith(".yaml") else given
    paths = place if isinstance(place, list) else sorted(path for path in place.iterdir() if path.is_file())
    with ExitStack() as stack:
        files = [(path.name, stack.enter_context(path.open("rb"))) for path in paths]
        import_id = actions.create(files=files, name="files", by=by, at=at)
    actions.set_mapping(import_id=import_id, data=mapping.to_data(mapping.parse(text)))
    work.check(import_id, at=at, report=silent)
    return import_id


def counts(import_id: int) -> Mapping[str, Mapping[str, int]]:
    """Return new, changed, same, rejected by kind."""
    found = queries.one(import_id)
    assert found is not None
    kinds: Mapping[str, Mapping[str, int]] = found.counts["kinds"]
    return kinds


def quality(import_id: int) -> dict[str, int]:
    """Return the findings' counts by key."""
    found = queries.one(import_id)
    assert found is not None
    return {key: one["count"] for key, one in found.quality.items()}


def refused(import_id: int) -> list[tuple[int, str, str]]:
    """Return (row, column, value) of the refused rows."""
    return [(one.row, one.column, one.value) for one in rejections(import_id)]


def rejections(import_id: int) -> list[Rejection]:
    return queries.rejections(import_id, limit=1000)


def bring_in(place: Path | list[Path], given: str, *, at: datetime, by: int | None = None) -> int:
    """Check and publish; return the import."""
    import_id = checked(place, given, at=at, by=by)
    work.publish_now(import_id, at=at)
    return import_id


def lines(*rows: Any) -> str:
    """Return CSV text of rows."""
    return "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)
