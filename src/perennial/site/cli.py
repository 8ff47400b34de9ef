"""The command `perennial`: reads arguments, sets the home, then runs one command. Contract: docs/cli.md."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perennial.site import env, telling
from perennial.site.asking import WrongUsage

COMMANDS = (
    "init",
    "demo",
    "serve",
    "intake",
    "worker",
    "import",
    "nightly",
    "member",
    "key",
    "backup",
    "restore",
    "check",
    "lake",
    "privacy",
)


MAKERS = frozenset({"init", "demo", "restore"})
"""The commands that make a home; every other one works in a home that is there."""


class CommandFailed(Exception):
    """The work failed; the message says why and what to do. Exit 1."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit 0 done, 1 the work failed (reason on stderr), 2 wrong usage."""
    for library in ("OPENBLAS", "OMP"):
        # Threads that wait for each other in small matrices cost a backtest twice its CPU, and sum in another order
        # where another number of them runs. Read when numpy is loaded.
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="perennial", description="Perennial, the customer success platform")
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name in COMMANDS:
        module = _module(name)
        child = commands.add_parser(name, help=module.HELP, description=module.HELP)
        child.add_argument("--home", help="the folder of records, lake, uploads and keys (or PERENNIAL_HOME)")
        child.add_argument("--json", action="store_true", help="machine-readable output on stdout")
        child.set_defaults(parser=child)
        module.arguments(child)
    arguments = parser.parse_args(argv)
    if arguments.home:
        os.environ[env.HOME_VARIABLE] = arguments.home
    try:
        return _run(arguments)
    except WrongUsage as wrong:
        arguments.parser.error(str(wrong))  # exit 2, with the usage
    except (CommandFailed, env.Unusable) as failure:
        print(failure, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _module(name: str) -> Any:
    return importlib.import_module(f"perennial.site.commands.{name}_")


def _run(arguments: argparse.Namespace) -> int:
    env.refuse_unusable_home(is_made=arguments.command in MAKERS)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")
    module = _module(arguments.command)
    try:
        import django
        from django.db import DatabaseError

        django.setup()
        result: Mapping[str, Any] | None = module.run(arguments)
    except DatabaseError as failure:
        raise CommandFailed(_of_database(failure)) from failure
    except OSError as failure:
        raise CommandFailed(_of_files(failure)) from failure
    if result is not None:
        say = getattr(module, "said", telling.lines)
        print(json.dumps(result, ensure_ascii=False, default=str) if arguments.json else say(result))
    return 0


def _of_database(failure: Exception) -> str:
    """Return why the records cannot be reached or read, and what to do. Never a password: drivers do not tell it."""
    from django.db import OperationalError, connection

    reason = " ".join(str(failure).split())
    if connection.vendor == "postgresql" and isinstance(failure, OperationalError):
        return (
            f"The records cannot be reached: {reason}\n"
            "Check that PostgreSQL runs and that DATABASE_URL names it: postgresql://user:password@host:5432/name"
        )
    home = env.home()
    if "no such table" in reason or "does not exist" in reason:
        return (
            f"The home {home} has no tables yet: {reason}. `{env.called()} init` or `{env.called()} serve` makes them."
        )
    return f"The records in {home} cannot be used: {reason}."


def _of_files(failure: OSError) -> str:
    """Return which file or folder cannot be used, and what to do."""
    from perennial.lake.storage.terms import StoreFault

    name = failure.filename or env.home()
    match failure:
        case StoreFault():
            return str(failure)
        case PermissionError():
            return f"This user may not use {name}. Give it the rights, or choose another folder with --home."
        case FileNotFoundError():
            return f"There is no {name}."
        case IsADirectoryError():
            return f"{name} is a folder. Name a file."
        case NotADirectoryError() | FileExistsError():
            return f"{Path(str(name))} is a file where a folder is wanted."
    return f"{name}: {failure.strerror or failure}."
