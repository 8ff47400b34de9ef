"""`perennial key create NAME`: make an API key; prints only the key."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from perennial.site import env

HELP = "make an API key"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["create"])
    parser.add_argument("name")
    parser.add_argument("--scope", required=True, choices=["read", "write", "intake"])
    parser.add_argument("--member", help="mail address of the member whose rights bound the key; else the first admin")
    parser.add_argument("--source", help="of an intake key: the source whose ids its groups and users carry")
    parser.add_argument("--rate", type=int, metavar="N", help="of an intake key: the most events a second")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.intake import actions as intake
    from perennial.intake.keys import DEFAULT_SOURCE
    from perennial.members import actions, queries
    from perennial.members.models import Member, Role
    from perennial.site.asking import WrongUsage
    from perennial.site.cli import CommandFailed

    if given.scope != "intake" and (given.source or given.rate is not None):
        raise WrongUsage("--source and --rate are of intake keys")

    if given.member:
        member = queries.by_email(given.member)
    else:
        member = Member.objects.filter(role=Role.admin, is_active=True).order_by("id").first()
    if member is None:
        whom = f"There is no member {given.member}." if given.member else "There is no active administrator."
        raise CommandFailed(f"{whom} Make one first: {env.called()} member create EMAIL --role admin")
    who: dict[str, Any] = {"member_id": member.pk, "name": given.name, "by": None, "at": datetime.now(UTC)}
    try:
        if given.scope == "intake":
            source = given.source or DEFAULT_SOURCE
            key_id, key = intake.create_write_key(source=source, events_per_second=given.rate, **who)
        else:
            key_id, key = actions.create_key(scope=given.scope, **who)
    except (actions.MemberError, intake.IntakeError) as error:
        raise CommandFailed(str(error)) from error
    return {"id": key_id, "key": key, "scope": given.scope}


def said(result: Mapping[str, Any]) -> str:
    """Return the key alone, so that a script can take it as it is."""
    return str(result["key"])
