"""`perennial lake check`: is every event file what was written, and do counts and facts add up?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from perennial.site import telling

HELP = "check the lake: files against the manifest, their digests, counts against facts"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check"])


def run(_given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.lake.terms import day_date
    from perennial.site.cli import CommandFailed
    from perennial.usage.lake import lake

    if faults := lake().check():
        raise CommandFailed("\n".join(faults))
    held = asdict(lake().holdings())
    first = held.pop("first_day")
    return {**held, "first_on": None if first is None else day_date(first).isoformat()}


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    counts = ", ".join(f"{number:,} {name}" for name, number in result["counts"].items() if number) or "no events yet"
    since = f" since {result['first_on']}" if result["first_on"] else ""
    waiting = f" {result['waiting']:,} files wait to be folded." if result["waiting"] else ""
    return (
        f"The lake is sound: {result['files']:,} files, {telling.size(result['bytes'])}, "
        f"generation {result['generation']:,}. Events{since}: {counts}.{waiting}"
    )
