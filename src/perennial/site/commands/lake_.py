"""`perennial lake check`: is every event file what was written, and do counts and facts add up?
`perennial lake upload`: from the home's folder into the object store that PERENNIAL_LAKE names."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from perennial.site import telling

HELP = "check the lake: files against the manifest, digests, counts against facts; or upload it into an object store"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check", "upload"])


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.lake.terms import day_date
    from perennial.site.cli import CommandFailed
    from perennial.usage.lake import lake

    uploaded = _upload() if given.action == "upload" else {}
    if faults := lake().check():
        raise CommandFailed("\n".join(faults))
    held = asdict(lake().holdings())
    first = held.pop("first_day")
    return {**uploaded, **held, "first_on": None if first is None else day_date(first).isoformat()}


def _upload() -> Mapping[str, Any]:
    """Bring the lake of the home's folder into the object store, and put the folder aside."""
    from django.conf import settings

    from perennial.site.cli import CommandFailed
    from perennial.usage.lake import lake

    folder, aside = Path(settings.HOME) / "lake", Path(settings.HOME) / "lake-uploaded"
    if settings.LAKE_PLACE is None:
        raise CommandFailed("PERENNIAL_LAKE names no object store: s3://bucket/prefix")
    if not (folder / "manifest.json").exists():
        raise CommandFailed(f"There is no lake in {folder}.")
    if aside.exists():
        raise CommandFailed(f"{aside} is there from an earlier upload. Remove it first.")
    lake().take_over(folder)
    folder.rename(aside)
    return {"left_in": str(aside)}


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    counts = ", ".join(f"{number:,} {name}" for name, number in result["counts"].items() if number) or "no events yet"
    since = f" since {result['first_on']}" if result["first_on"] else ""
    waiting = f" {result['waiting']:,} files wait to be folded." if result["waiting"] else ""
    left = f"\nThe folder it came from is {result['left_in']} now. Remove it." if "left_in" in result else ""
    return (
        f"The lake is sound: {result['files']:,} files, {telling.size(result['bytes'])}, "
        f"generation {result['generation']:,}. Events{since}: {counts}.{waiting}{left}"
    )
