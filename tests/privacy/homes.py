"""Run inside a home of its own: plant, erase, and do the background's steps, each a process that may be killed.

python -m tests.privacy.homes plant|person|customer|start N|settle MINUTES
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def plant_all(home: Path) -> None:
    from tests.privacy.planted import plant

    from perennial.members.models import Member
    from perennial.usage.actions import computed
    from perennial.usage.lake import lake

    admin = Member.objects.get().pk
    for word in ("canary", "robin"):
        plant(word, by=admin, at=AT)
    lake().compact(computed(), at=AT - timedelta(hours=1))
    for name in ("uploads/imports/1/files/x.csv", "exports/a.csv", "privacy/b.zip"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("canary Person")


def erase(subject: str) -> None:
    from perennial.customers.models import Contact
    from perennial.members.models import Member
    from perennial.privacy import actions, whom

    one = Contact.objects.get(name="canary Person")
    found = (
        whom.of_customer(one.customer_id)
        if subject == "customer"
        else whom.of_person(one.customer_id, contacts=[one.fact])
    )
    actions.erase(whom=found, reason="asked", is_kept_out=True, by=Member.objects.get().pk, at=AT)


def start(until: int) -> None:
    """Do the background's first job; die where it says that so many steps are done."""
    from perennial.privacy import work
    from perennial.privacy.models import Erasure

    def report(done: int, _total: int | None, _text: str) -> None:
        if done == until:
            os._exit(9)

    work.start(Erasure.objects.get().key, at=AT, report=report)


def settle(minutes: int) -> None:
    from perennial.privacy import work
    from perennial.privacy.models import Erasure

    print(json.dumps(work.settle_now(Erasure.objects.get().key, at=AT + timedelta(minutes=minutes))))


if __name__ == "__main__":
    django.setup()
    what, *rest = sys.argv[1:]
    if what == "plant":
        plant_all(Path(os.environ["PERENNIAL_HOME"]))
    elif what == "start":
        start(int(rest[0]))
    elif what == "settle":
        settle(int(rest[0]))
    else:
        erase(what)
