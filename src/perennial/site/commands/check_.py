"""`perennial check`: is this installation sound?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from io import StringIO
from typing import Any

from perennial.site import env

HELP = "check settings, tables, journal seals and the lake against its manifest"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(_given: argparse.Namespace) -> Mapping[str, Any]:
    from django.core.management import call_command
    from django.core.management.base import CommandError, SystemCheckError
    from django.db import connection

    from perennial.kernel.journal.queries import first_broken_seal
    from perennial.site.cli import CommandFailed
    from perennial.usage.lake import lake

    faults: list[str] = []
    try:
        call_command("check", verbosity=0, stdout=StringIO())
        call_command("migrate", check_unapplied=True, verbosity=0)
    except (SystemCheckError, CommandError) as error:
        faults.append(str(error))
    except SystemExit:
        faults.append(f"Tables are not up to date: `{env.called()} serve` brings them up to date.")
    if not faults:
        broken = first_broken_seal()
        if broken is not None:
            faults.append(f"Journal entry {broken} does not fit its seal: it or an earlier one was edited.")
        faults += lake().check()
    if faults:
        raise CommandFailed("\n".join(faults))
    return {"ok": True, "database": connection.vendor, "version": _version(connection)}


def _version(connection: Any) -> str:
    return ".".join(map(str, connection.Database.sqlite_version_info if connection.vendor == "sqlite" else
                        connection.get_database_version()))  # fmt: skip


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    return f"All is well: settings, tables, journal and lake. Records in {result['database']} {result['version']}."
