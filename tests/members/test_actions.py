"""Members: password links, the last administrator, what a change writes, and how a key's use is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perennial.kernel.journal.models import JournalEntry
from perennial.members import actions, queries
from perennial.members.actions import LINK_LASTS, MemberError
from perennial.members.models import ApiKey, Member, PasswordLink

PASSWORD = "correct horse battery"


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("id").values_list("kind", flat=True))


def test_a_link_sets_the_password_once(member: Callable[..., int], now: datetime) -> None:
    admin, csm = member("admin"), member("csm")
    secret = actions.make_password_link(member_id=csm, by=admin, at=now)
    assert actions.use_password_link(secret, password=PASSWORD, at=now) == csm
    assert Member.objects.get(id=csm).check_password(PASSWORD)
    assert actions.use_password_link(secret, password="another long one", at=now) is None
    assert Member.objects.get(id=csm).check_password(PASSWORD)
    assert kinds()[-2:] == ["member.link_made", "member.password_set"]


def test_only_the_digest_of_a_link_is_kept(member: Callable[..., int], now: datetime) -> None:
    secret = actions.make_password_link(member_id=member("csm"), by=member("admin"), at=now)
    link = PasswordLink.objects.get()
    assert secret not in f"{link.digest} {JournalEntry.objects.values_list('data', 'personal__payload')}"
    assert len(secret) >= 43


@pytest.mark.parametrize("ended_by", ["time", "a later link", "deactivation", "a password set otherwise"])
def test_a_link_ends(ended_by: str, member: Callable[..., int], now: datetime) -> None:
    admin, csm = member("admin"), member("csm")
    secret, at = actions.make_password_link(member_id=csm, by=admin, at=now), now
    if ended_by == "time":
        assert actions.use_password_link(secret, password="short", at=now + LINK_LASTS) is None
        at = now + LINK_LASTS
    elif ended_by == "a later link":
        actions.make_password_link(member_id=csm, by=admin, at=now)
    elif ended_by == "deactivation":
        for is_active in (False, True):
            actions.change_member(member_id=csm, name="Csm", role="csm", team_id=None, is_active=is_active, by=admin,
                                  at=now)  # fmt: skip
    else:
        actions.set_password(member_id=csm, password="set by the admin", by=admin, at=now)
    assert actions.use_password_link(secret, password=PASSWORD, at=at) is None
    assert not Member.objects.get(id=csm).check_password(PASSWORD)


def test_a_weak_password_leaves_the_link_as_it_is(member: Callable[..., int], now: datetime) -> None:
    csm = member("csm")
    secret = actions.make_password_link(member_id=csm, by=member("admin"), at=now)
    with pytest.raises(MemberError, match="10 characters"):
        actions.use_password_link(secret, password="short", at=now)
    assert actions.use_password_link(secret, password=PASSWORD, at=now) == csm


def test_a_deactivated_member_gets_no_link(member: Callable[..., int], now: datetime) -> None:
    csm = member("csm")
    Member.objects.filter(id=csm).update(is_active=False)
    with pytest.raises(MemberError, match="deactivated"):
        actions.make_password_link(member_id=csm, by=member("admin"), at=now)


@pytest.mark.parametrize(("role", "is_active"), [("csm", True), ("admin", False)])
def test_the_last_administrator_stays(role: str, is_active: bool, member: Callable[..., int], now: datetime) -> None:
    admin, former = member("admin"), member("admin")
    Member.objects.filter(id=former).update(is_active=False)
    with pytest.raises(MemberError, match="last active admin"):
        actions.change_member(member_id=admin, name="A", role=role, team_id=None, is_active=is_active, by=admin, at=now)
    found = Member.objects.get(id=admin)
    assert (found.role, found.is_active) == ("admin", True)


def test_a_change_of_a_member_is_told_and_none_is_not(member: Callable[..., int], now: datetime) -> None:
    admin, csm = member("admin"), member("csm", name="Ann")
    before = len(kinds())

    def change(name: str, role: str) -> None:
        actions.change_member(member_id=csm, name=name, role=role, team_id=None, is_active=True, by=admin, at=now)

    change("Ann", "csm")
    assert len(kinds()) == before
    change("Ann Lee", "leader")
    entry = JournalEntry.objects.select_related("personal").latest("id")
    assert (entry.kind, entry.by_id, entry.data["after"]["role"]) == ("member.changed", admin, "leader")
    assert entry.personal.payload == {"name": {"before": "Ann", "after": "Ann Lee"}}


def test_the_use_of_a_key_is_kept_every_five_minutes(member: Callable[..., int], now: datetime) -> None:
    csm = member("csm")
    number, key = actions.create_key(member_id=csm, name="CRM", scope="read", by=csm, at=now)
    held = queries.key_holder(key)
    assert held is not None and held.last_used_at is None
    actions.note_use(held, at=now)
    held = queries.key_holder(key)
    assert held is not None
    with CaptureQueriesContext(connection) as asked:
        actions.note_use(held, at=now + timedelta(minutes=4))
    assert (len(asked), ApiKey.objects.get(id=number).last_used_at) == (0, now)
    actions.note_use(held, at=now + timedelta(minutes=5))
    assert queries.keys()[0].last_used_at == now + timedelta(minutes=5)
