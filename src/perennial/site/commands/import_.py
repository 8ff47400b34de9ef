"""`perennial import PATH…`: bring files in from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perennial.site.imported import told as said

__all__ = ["HELP", "arguments", "run", "said"]
HELP = "import a folder or files"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a folder, or files (CSV, XLSX, XLS, NDJSON, Parquet, ZIP), together up to 50 GB",
    )
    parser.add_argument(
        "--mapping", type=Path, help="a mapping as YAML; without it the proposal is taken where nothing is ambiguous"
    )
    parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
    parser.add_argument("--errors", type=Path, help="write the refused rows to this CSV file")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.integrations.imports import actions, mapping, queries, work
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site.cli import CommandFailed

    at = datetime.now(UTC)
    try:
        house()
        data = mapping.to_data(mapping.parse(given.mapping.read_text(encoding="utf-8"))) if given.mapping else None
    except (NotInitialised, mapping.MappingError, OSError) as error:
        raise CommandFailed(f"{given.mapping}: {error}" if given.mapping else str(error)) from error
    import_id = _create(given.paths, at)
    try:
        if data is not None:
            actions.set_mapping(import_id=import_id, data=data)
        counts = work.bring(import_id, at=at, report=_silent, dry=given.dry_run)
    except (work.WorkFailed, actions.ImportRefused, mapping.MappingError) as error:
        actions.cancel(import_id=import_id, by=None, at=at)
        raise CommandFailed(str(error)) from error
    if given.errors:
        given.errors.write_text("".join(queries.rejection_csv(import_id)), encoding="utf-8")
    found = queries.one(import_id)
    result = {"import": import_id, **counts, "quality": found.quality if found else {}, "published": not given.dry_run}
    result |= _not_taken(found.findings if found else {})
    if given.errors:
        result["errors"] = str(given.errors)
    if given.dry_run:
        actions.cancel(import_id=import_id, by=None, at=at)
    return result


def _not_taken(findings: Mapping[str, Any]) -> dict[str, Any]:
    """Return, and say, which files were not read and which tables nobody asked for, and return what was read in a way
    that nobody had said; nothing where there is none."""
    for one in findings.get("not_read", ()):
        print(f"{one['file']}: {one['reason']}", file=sys.stderr)
    for name in findings.get("left_out", ()):
        print(f"{name}: left out, since no table of the mapping takes it.", file=sys.stderr)
    return {key: findings[key] for key in ("not_read", "left_out", "assumed") if findings.get(key)}


def _create(paths: list[Path], at: datetime) -> int:
    from perennial.integrations.imports import actions
    from perennial.integrations.imports.reading.containers import TABLE_SUFFIXES
    from perennial.site.cli import CommandFailed

    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += [
                one for one in sorted(path.iterdir()) if one.is_file() and one.name.lower().endswith(TABLE_SUFFIXES)
            ]
        elif path.is_file():
            files.append(path)
        else:
            raise CommandFailed(f"There is no {path}.")
    try:
        with ExitStack() as stack:
            opened = [(path.name, stack.enter_context(path.open("rb"))) for path in files]
            name = paths[0].resolve().name
            return actions.create(files=opened, name=name, by=None, at=at, most=actions.MOST_BYTES_HERE)
    except actions.ImportRefused as error:
        raise CommandFailed(str(error)) from error


def _silent(done: int, total: int | None, text: str) -> None:
    if sys.stderr.isatty() and total:
        print(f"\r{text}: {done:,} / {total:,}".ljust(70), end="", file=sys.stderr)
