"""`perennial demo`: an invented company to look around in, made on first use and served with its worker."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from perennial.site import env, telling
from perennial.site.asking import count, port

HELP = "serve an invented company to look around in; made on first use"
PASSWORD_FILE = "demo-password"  # noqa: S105 - the name of a file
DEFAULT_HOME = "~/.perennial-demo"
DEFAULT_COMPANY = "en"
WORDS = {
    "generate": "inventing the company",
    "people": "members and teams",
    "customers": "customers and their people",
    "contracts": "contracts and payment plans",
    "money": "invoices, payments and exchange rates",
    "dealings": "tickets, contacts and surveys",
    "usage": "two years of product use",
    "compute": "computing revenue, usage, health and Today",
    "renewals": "what is said of renewals",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    # Never the home of a real organisation by default.
    parser.set_defaults(home=os.environ.get(env.HOME_VARIABLE) or str(Path(DEFAULT_HOME).expanduser()))
    parser.add_argument("--port", type=port, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--company", choices=["zh", "en"], help=f"which company a new home gets ({DEFAULT_COMPANY})")
    parser.add_argument("--customers", type=count, default=1000, help="how many customers a new home gets (1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another company of the same kind (1)")
    parser.set_defaults(processes=2, threads=4)


def run(given: argparse.Namespace) -> Mapping[str, Any] | None:
    from django.conf import settings

    from perennial.site.cli import CommandFailed
    from perennial.site.commands.serve_ import refuse_taken, supervise, web_command
    from perennial.site.start import migrate, place_static_files

    if settings.LAKE_PLACE is not None:
        raise CommandFailed("The demo keeps its lake in a home of its own. Leave PERENNIAL_LAKE out.")
    refuse_taken(given)
    migrate()
    prepare(given, at=datetime.now(UTC))
    place_static_files()
    announcement = threading.Thread(target=announce, args=(given.host, given.port, welcome(given)), daemon=True)
    announcement.start()
    code = supervise([web_command(given), [sys.executable, "-m", "perennial.site", "worker"]])
    if code:
        raise CommandFailed(f"The web server ended with code {code}; what it said is above.")
    return None


def prepare(given: argparse.Namespace, *, at: datetime) -> Mapping[str, float]:
    """Make the demo in this home where it is not complete; return seconds by step, none where nothing was to do.

    :raises CommandFailed: the home belongs to somebody, or fewer customers were asked for than a demo needs.
    """
    from perennial.demo import actions, queries
    from perennial.demo.queries import Begun
    from perennial.site.cli import CommandFailed

    present = queries.begun()
    if present is not None and given.company not in {None, present.company}:
        raise CommandFailed(f"This home holds the demo company {present.company}. Use another --home.")
    if present is not None and present.is_complete:
        return {}
    company = actions.COMPANIES[given.company or DEFAULT_COMPANY]
    today = at.astimezone(ZoneInfo(company.timezone)).date()
    wanted = Begun(company=company.key, customers=given.customers, seed=given.seed, on=today, is_complete=False)

    progress = telling.Progress("demo")
    started = time.monotonic()
    try:
        took = actions.seed(wanted, password=password(), at=at, tell=lambda step, *far: progress(WORDS[step], *far))
    except actions.DemoRefused as error:
        raise CommandFailed(str(error)) from error
    finally:
        progress.end()
    made = (present or wanted).customers
    print(
        f"demo: {made:,} customers made in {telling.seconds(time.monotonic() - started)}", file=sys.stderr, flush=True
    )
    return took


def password() -> str:
    """Return the password of this demo's members, made once and kept in the home with mode 600."""
    from django.conf import settings

    path = Path(settings.HOME) / PASSWORD_FILE
    if not path.exists():
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fresh, "w") as file:
            file.write(f"demo-{secrets.token_hex(4)}")
    return path.read_text().strip()


def welcome(given: argparse.Namespace) -> str:
    """Return the one line that says what runs where and how to sign in; two queries."""
    from django.db import connection

    from perennial.demo import actions, queries

    present = queries.begun()
    connection.close()
    assert present is not None  # prepare() made it
    company = actions.COMPANIES[present.company]
    names = f"leader1@{company.mail_domain}, csm1@, admin@, analyst@ or reader@"
    return f"{company.name}: http://{given.host}:{given.port}/ - sign in as {names} with the password {password()}"


def announce(host: str, port: int, line: str) -> None:
    """Print the line once the server answers."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - asked for by the caller
    address = f"http://{everywhere.get(host, host)}:{port}/healthz"
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except urllib.error.HTTPError:
            break  # it answers, if only to refuse this name
        except OSError:
            time.sleep(0.1)
    print(line, flush=True)
