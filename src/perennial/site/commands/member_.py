"""`perennial member create EMAIL`: add a person who works here."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from perennial.site.asking import WrongUsage

HELP = "add a member"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["create"])
    parser.add_argument("email")
    parser.add_argument("--role", required=True, choices=["admin", "leader", "csm", "analyst", "reader"])
    parser.add_argument("--name", default="")
    parser.add_argument("--team", help="the name of the team; made if there is none")
    parser.add_argument("--language", default=None, choices=["en", "zh-hans", "zh-hant"])
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.members import actions
    from perennial.site.cli import CommandFailed

    at = datetime.now(UTC)
    try:
        language = given.language or house().language
        password = sys.stdin.readline().rstrip("\n") if given.password_stdin else _asked()
        team_id = actions.create_team(name=given.team, by=None, at=at) if given.team else None
        member_id = actions.create_member(
            email=given.email,
            name=given.name,
            role=given.role,
            password=password,
            by=None,
            at=at,
            team_id=team_id,
            language=language,
        )
    except (actions.MemberError, NotInitialised) as error:
        raise CommandFailed(str(error)) from error
    return {"member": member_id, "email": given.email.lower(), "role": given.role}


def _asked() -> str:
    """Ask for the password at the terminal, twice: what is not seen is easily mistyped.

    :raises WrongUsage: there is no terminal to ask at, or the two differ.
    """
    if not sys.stdin.isatty():
        raise WrongUsage("there is no terminal to ask for the password at; pipe it in with --password-stdin")
    password = getpass.getpass("Password (10 characters or more): ")
    if password != getpass.getpass("The same again: "):
        raise WrongUsage("the two passwords differ; nothing was changed")
    return password


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    return f"{result['email']} is a member now, with the role {result['role']}."
