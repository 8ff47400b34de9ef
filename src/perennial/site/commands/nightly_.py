"""`perennial nightly --on DAY`: compute a day and make it the as-of day."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from perennial.site import telling
from perennial.site.asking import day

HELP = "compute everything as of a day"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="without it, today in the organisation's zone")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.jobs import nightly
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site.cli import CommandFailed

    at, progress = datetime.now(UTC), telling.Progress("nightly")

    def report(done: int, total: int | None, step: str) -> None:
        if not given.json:
            progress(step, done, total)

    try:
        today = house().today(at)
        if given.on is None:
            return nightly.run(today, at=at, report=report)
        return nightly.move_to(given.on, by=None, at=at, report=report)
    except NotInitialised as error:
        raise CommandFailed(str(error)) from error
    finally:
        progress.end()


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    on = date.fromisoformat(result["on"])
    if result.get("frozen_rows_only"):
        return f"Computed the frozen rows of {on} anew; the as-of day stays where it is."
    took = {name: telling.seconds(number) for name, number in result["seconds"].items()}
    width = max(map(len, took))
    steps = "\n".join(f"  {name:<{width}}  {time:>10}" for name, time in took.items())
    return f"Computed everything as of {on}.\n{steps}"
