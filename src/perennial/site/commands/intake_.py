"""`perennial intake`: the tracking calls alone, on a port or a host of their own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

HELP = "take events only (the Segment protocol)"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=32, help="requests that one process answers at once")


def run(given: argparse.Namespace) -> Mapping[str, Any] | None:
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site.cli import CommandFailed
    from perennial.site.commands.serve_ import supervise, web_command
    from perennial.site.start import migrate, ready_lake

    migrate()
    try:
        house()
    except NotInitialised as error:
        raise CommandFailed(str(error)) from error
    ready_lake()
    code = supervise([web_command(given, "perennial.site.wsgi_intake:application")])
    if code:
        raise CommandFailed(f"The intake ended with code {code}. Is port {given.port} taken?")
    return None
