"""`perennial privacy find|export|erase`: what is held of a person or a customer, as a file, or gone for good."""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perennial.site import env

HELP = "find, export or erase a person or a customer"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["find", "export", "erase"])
    parser.add_argument("who", help="find: a name, a mail address or an id; else one of the references that find names")
    parser.add_argument("--to", type=Path, metavar="FILE.zip", help="export: the file to write")
    parser.add_argument("--reason", default="", help="erase: why; the certificate shows it")
    parser.add_argument("--keep-out", action="store_true", help="erase: refuse what comes with the same ids")
    parser.add_argument("--confirm", default="", metavar="NAME", help="erase: the name once more, exactly")
    parser.add_argument("--member", help="mail address of the member who acts; else the first admin")


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.members import queries
    from perennial.members.models import Member, Role
    from perennial.privacy import exporting, whom
    from perennial.privacy.terms import Subject
    from perennial.site.cli import CommandFailed

    first = Member.objects.filter(role=Role.admin, is_active=True).order_by("id").first()
    member = queries.by_email(given.member) if given.member else first
    if member is None:
        raise CommandFailed(f"There is no member {given.member}." if given.member else "There is no administrator.")
    if given.action == "find":
        found = whom.search(member, given.who)
        return {"found": [{"ref": f"{one.subject}:{one.ref}", "name": one.label, "details": one.details,
                           "customer": one.customer_name} for one in found]}  # fmt: skip
    subject, _colon, ref = given.who.partition(":")
    one = exporting.resolved(member, subject, ref) if subject in set(Subject) else None
    if one is None:
        raise CommandFailed(f"There is nobody {given.who}. `{env.called()} privacy find NAME` names references.")
    at = datetime.now(UTC)
    return _export(given, one, member.pk, at) if given.action == "export" else _erase(given, one, member.pk, at)


def _export(given: argparse.Namespace, one: Any, by: int, at: datetime) -> Mapping[str, Any]:
    from perennial.kernel.journal import actions as journal
    from perennial.privacy import exporting
    from perennial.site.asking import WrongUsage
    from perennial.site.cli import CommandFailed

    if given.to is None:
        raise WrongUsage("export needs --to FILE.zip")
    if given.to.exists():
        raise CommandFailed(f"{given.to} exists already. Choose another name.")
    unfinished = given.to.with_name(f".{given.to.name}.part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
            done = exporting.fill(file, one, at=at, report=lambda _done, _total, _text: None)
        unfinished.chmod(0o600)
        unfinished.rename(given.to)
    finally:
        unfinished.unlink(missing_ok=True)
    journal.record(f"{one.subject}.exported", customer_id=one.customer_id, by=by, at=at, data=done,
                   subject=f"{one.subject}:{one.ref}"[:80])  # fmt: skip
    return {"file": str(given.to), **done}


def _erase(given: argparse.Namespace, one: Any, by: int, at: datetime) -> Mapping[str, Any]:
    from perennial.privacy import actions
    from perennial.privacy.terms import PrivacyError
    from perennial.site.cli import CommandFailed

    if given.confirm != one.label:
        raise CommandFailed(f"Nothing was erased. Confirm with the name, exactly: --confirm '{one.label}'")
    try:
        key = actions.erase(whom=one, reason=given.reason, is_kept_out=given.keep_out, by=by, at=at)
    except PrivacyError as error:
        raise CommandFailed(str(error)) from error
    return {"certificate": key, "rewritten": False}


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    if "found" in result:
        lines = [f"{one['ref']}  {one['name']}  {one['details']}  {one['customer']}".rstrip()
                 for one in result["found"]]  # fmt: skip
        return "\n".join(lines) or "Nobody found."
    if "file" in result:
        return f"Wrote {result['file']}: {result['rows']:,} records, {result['events']:,} events."
    return (
        f"Erased. Certificate {result['certificate']} is complete when the worker has rewritten the files "
        "(Settings → Privacy)."
    )
