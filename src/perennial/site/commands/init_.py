"""`perennial init`: make the home and its organisation."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from perennial.site import env

HELP = "make a home: database, keys and the organisation"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--currency", required=True, help="ISO 4217 code of the figures, for example CNY")
    parser.add_argument("--timezone", required=True, help="the organisation's zone, for example Asia/Shanghai")
    parser.add_argument("--name", default="", help="the organisation's name")
    parser.add_argument("--language", default="en", choices=["en", "zh-hans", "zh-hant"])


def run(given: argparse.Namespace) -> Mapping[str, Any]:
    from perennial.kernel.organisation import actions
    from perennial.kernel.organisation.queries import NotInitialised, house
    from perennial.site.cli import CommandFailed
    from perennial.site.start import migrate, ready_lake

    migrate()
    try:
        house()
    except NotInitialised:
        ready_lake(is_new=True)
    try:
        actions.found(
            name=given.name,
            currency=given.currency.upper(),
            timezone=given.timezone,
            language=given.language,
            at=datetime.now(UTC),
        )
    except actions.OrganisationError as error:
        raise CommandFailed(str(error)) from error
    from django.conf import settings

    return {"home": str(settings.HOME), "currency": given.currency.upper(), "timezone": given.timezone}


def said(result: Mapping[str, Any]) -> str:
    """Return the result for a person."""
    return (
        f"This is a home now: {result['home']} ({result['currency']}, {result['timezone']}).\n"
        f"Next, somebody who may sign in: {env.called()} member create EMAIL --role admin --home {result['home']}"
    )
