"""What becomes of rejected messages: mended and sent again they count once, set aside they never do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.intake import actions, live, queries
from perennial.intake.actions import IntakeError
from perennial.intake.keys import Keys
from perennial.intake.mending import Change, Rule, RuleError
from perennial.intake.models import RejectedMessage, Stream
from perennial.intake.queries import Chosen
from perennial.intake.taking import taking
from perennial.intake.terms import Reason, Refusal
from perennial.kernel.journal.models import JournalEntry
from perennial.lake.latest import Arrival, Wanted
from perennial.usage import people
from perennial.usage.lake import definitions, lake

pytestmark = SEEN_BY_ALL_THREADS

LATER = timedelta(hours=3)


def stored() -> list[Arrival]:
    with lake().arrivals() as arrivals:
        return arrivals.newest(Wanted(), limit=1000)


def folded(now: datetime) -> int:
    """Fold everything; return how many events count."""
    lake().compact(definitions(), at=now)
    return lake().totals().stored


def waiting(**asked: Any) -> RejectedMessage:
    return RejectedMessage.objects.get(settled_at=None, **asked)


def test_a_write_key_sends_under_its_source_at_its_rate(admin: int, now: datetime) -> None:
    key = actions.create_write_key(member_id=admin, name="Web", source=" shop ", events_per_second=5, by=admin, at=now)[
        1
    ]
    sender = Keys().sender(key)
    assert (sender.source, sender.events_per_second) == ("shop", 5)
    assert "shop" in queries.sources()


@pytest.mark.parametrize(("source", "rate"), [("", 5), ("  ", 5), ("a\nb", 5), ("a" * 61, 5), ("a", 0), ("a", -1)])
def test_a_write_key_without_a_source_or_with_no_rate_is_refused(
    admin: int, now: datetime, source: str, rate: int
) -> None:
    with pytest.raises(IntakeError):
        actions.create_write_key(member_id=admin, name="x", source=source, events_per_second=rate, by=admin, at=now)
    assert not Stream.objects.exists()


def test_a_mended_message_counts_once_at_the_time_of_its_first_receipt(web: Sending, admin: int, now: datetime) -> None:
    web.send(track(1), {**track(2), "userId": ""})
    row = waiting()
    text = json.dumps({**json.loads(row.raw), "userId": "u2"})
    assert actions.replay(rejected_id=row.pk, text=text, by=admin, at=now + LATER).refused is None
    assert [(each.received_at, each.event) for each in stored()] == [(now, "Report Opened")] * 2
    row.refresh_from_db()
    assert (row.settled_as, row.settled_at, row.settled_by_id) == ("replayed", now + LATER, admin)
    with pytest.raises(IntakeError):
        actions.replay(rejected_id=row.pk, text=text, by=admin, at=now + LATER)
    assert folded(now) == 2


def test_a_message_without_a_time_of_its_own_keeps_the_day_on_which_it_came(
    web: Sending, admin: int, now: datetime
) -> None:
    web.send({"type": "track", "event": "e", "messageId": "m1"})
    text = json.dumps({"type": "track", "event": "e", "messageId": "m1", "userId": "u1"})
    actions.replay(rejected_id=waiting().pk, text=text, by=admin, at=now + timedelta(days=5))
    assert [each.at for each in stored()] == [now]


def test_what_is_refused_again_waits_as_before_and_makes_no_second_row(web: Sending, admin: int, now: datetime) -> None:
    web.send({**track(1), "userId": ""})
    outcome = actions.replay(rejected_id=waiting().pk, text=None, by=admin, at=now)
    assert outcome.refused is not None and outcome.refused.reason == Reason.NO_USER
    assert RejectedMessage.objects.count() == 1 and waiting().reason == Reason.NO_USER
    assert stored() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000])
def test_a_text_that_is_no_message_is_refused_whole(web: Sending, admin: int, now: datetime, text: str) -> None:
    web.send({**track(1), "userId": ""})
    with pytest.raises(Refusal) as caught:
        actions.replay(rejected_id=waiting().pk, text=text, by=admin, at=now)
    assert caught.value.status == 400
    assert waiting().settled_as == ""


def test_a_resend_of_the_mended_message_is_the_same_event(web: Sending, admin: int, now: datetime) -> None:
    web.send({**track(7), "userId": ""})
    row = waiting()
    actions.replay(rejected_id=row.pk, text=json.dumps(track(7)), by=admin, at=now)
    web.send(track(7), at=now + LATER)
    assert [each.is_repeat for each in stored()] == [True, False]
    assert folded(now) == 1


def test_the_replay_of_a_revoked_key_still_goes_to_its_source(web: Sending, admin: int, now: datetime) -> None:
    from perennial.members import actions as members

    web.send({**track(1), "userId": ""})
    members.revoke_key(key_id=web.sender.key_id, by=admin, at=now)
    actions.replay(rejected_id=waiting().pk, text=json.dumps(track(1)), by=admin, at=now)
    assert [each.source for each in stored()] == ["app"]


RULES = [
    (Rule(Change.SET, "userId", value="u9"), {"userId": ""}, {"userId": "u9"}),
    (Rule(Change.SET, "userId", value="u9"), {"userId": "u1"}, {"userId": "u1"}),
    (Rule(Change.SET, "context.groupId", value="g"), {"context": 5}, {"context": {"groupId": "g"}}),
    (Rule(Change.COPY, "userId", other="properties.uid"), {"properties": {"uid": "u7"}},
     {"properties": {"uid": "u7"}, "userId": "u7"}),
    (Rule(Change.COPY, "userId", other="properties.uid"), {"userId": "u1"}, {"userId": "u1"}),
    (Rule(Change.REPLACE, "event", other="opend", value="Opened"), {"event": "opend"}, {"event": "Opened"}),
    (Rule(Change.REPLACE, "event", other="opend", value="Opened"), {"event": "closed"}, {"event": "closed"}),
    (Rule(Change.REMOVE, "context.groupId"), {"context": {"groupId": 1, "ip": 2}}, {"context": {"ip": 2}}),
    (Rule(Change.REMOVE, "context.groupId"), {"event": "e"}, {"event": "e"}),
    (Rule(Change.TIDY, "event"), {"event": "a\x00b\n" + "c" * 300}, {"event": "ab" + "c" * 198}),
    (Rule(), {"event": "e"}, {"event": "e"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), RULES)
def test_a_rule_makes_one_change(rule: Rule, before: dict[str, Any], after: dict[str, Any]) -> None:
    given = json.loads(json.dumps(before))
    assert rule.checked().applied(given) == after
    assert given == before


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        (Rule(Change.SET, "", value="x"), "field"),
        (Rule(Change.SET, "a..b", value="x"), "field"),
        (Rule(Change.SET, "a", value=" "), "value"),
        (Rule(Change.COPY, "a"), "other"),
        (Rule(Change.REPLACE, "a", value="x"), "other"),
    ],
)
def test_a_rule_that_cannot_be_says_which_part(rule: Rule, part: str) -> None:
    with pytest.raises(RuleError) as caught:
        rule.checked()
    assert caught.value.part == part


def many(web: Sending) -> None:
    """Send five that lack their user, two of which have it among their properties, and one of another reason."""
    lost = [{**track(n), "userId": None, "properties": {"uid": f"p{n}"} if n < 2 else {}} for n in range(5)]
    web.send(*lost, {**track(9), "event": ""})


COPIED = Rule(Change.COPY, "userId", other="properties.uid")


def test_a_dry_run_counts_and_writes_nothing(web: Sending) -> None:
    many(web)
    found = actions.try_many(Chosen(reason="no_user"), COPIED)
    assert (found.total, found.looked, found.taken, dict(found.still)) == (5, 5, 2, {"no_user": 3})
    assert '"userId": "p0"' in found.samples[0].after and '"userId": "p0"' not in found.samples[0].before
    assert [sample.reason for sample in found.samples] == [None, None, "no_user"]
    assert RejectedMessage.objects.filter(settled_at=None).count() == 6 and stored() == []


def test_many_are_mended_by_one_rule_and_each_counts_once(web: Sending, admin: int, now: datetime) -> None:
    many(web)
    done = actions.replay_many(Chosen(reason="no_user"), COPIED, by=admin, at=now + LATER)
    assert (done.total, done.looked, done.taken, done.failed, dict(done.still)) == (5, 5, 2, 0, {"no_user": 3})
    again = actions.replay_many(Chosen(reason="no_user"), COPIED, by=admin, at=now + LATER)
    assert (again.total, again.taken) == (3, 0)
    assert sorted(people.names_of(each.user or 0 for each in stored()).values()) == ["p0", "p1"]
    assert RejectedMessage.objects.filter(settled_as="replayed").count() == 2
    assert list(JournalEntry.objects.filter(kind="rejected.replayed_many").values_list("data__count", flat=True)) == [2]


def test_one_press_takes_the_oldest_and_the_next_press_the_next(
    web: Sending, admin: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(actions, "AT_A_TIME", 2)
    web.send(*({**track(n), "userId": None} for n in range(5)))
    rule = Rule(Change.SET, "userId", value="u1")
    assert [actions.replay_many(Chosen(), rule, by=admin, at=now).taken for _turn in range(3)] == [3, 2, 0]
    assert len({each.event_id for each in stored()}) == 5


def test_a_chosen_key_place_and_reason_leave_the_others_alone(web: Sending, admin: int, now: datetime) -> None:
    other = Sending(admin, now, source="shop", name="Shop")
    web.send({**track(1), "userId": None}, {**track(2), "userId": {}}, {**track(3), "event": ""})
    other.send({**track(1), "userId": None})
    rule = Rule(Change.SET, "userId", value="u1")
    assert actions.try_many(Chosen(reason="no_user", key_id=other.sender.key_id), rule).total == 1
    assert actions.try_many(Chosen(reason="no_user"), rule).total == 2
    assert actions.try_many(Chosen(reason="not_a_text", where="userId"), rule).total == 1
    assert actions.try_many(Chosen(reason="not_a_text", where="event"), rule).total == 0


def test_what_is_set_aside_never_counts_and_can_wait_again(web: Sending, admin: int, now: datetime) -> None:
    many(web)
    entry, count = actions.discard(Chosen(reason="no_user"), by=admin, at=now + LATER)
    assert count == 5 and queries.settled_counts() == {"open": 1, "discarded": 5}
    assert actions.discard(Chosen(reason="no_user"), by=admin, at=now + LATER)[1] == 0
    stranger = admin + 1
    assert actions.take_back_discard(entry_id=entry, by=stranger, at=now + LATER) is None
    assert actions.take_back_discard(entry_id=entry, by=admin, at=now + timedelta(hours=28)) is None
    assert actions.take_back_discard(entry_id=entry, by=admin, at=now + 2 * LATER) == 5
    assert actions.take_back_discard(entry_id=entry, by=admin, at=now + 2 * LATER) == 0
    assert queries.settled_counts() == {"open": 6}


def test_one_that_was_set_aside_is_not_replayed_before_it_waits_again(web: Sending, admin: int, now: datetime) -> None:
    web.send({**track(1), "userId": None})
    row = waiting()
    actions.discard(Chosen(), ids=[row.pk], by=admin, at=now)
    with pytest.raises(IntakeError):
        actions.replay(rejected_id=row.pk, text=json.dumps(track(1)), by=admin, at=now)
    assert actions.reopen(rejected_id=row.pk, by=admin, at=now)
    assert not actions.reopen(rejected_id=row.pk, by=admin, at=now)
    assert actions.replay(rejected_id=row.pk, text=json.dumps(track(1)), by=admin, at=now).refused is None


def test_sent_is_always_stored_and_repeated_and_rejected(web: Sending, admin: int, now: datetime) -> None:
    sent = [track(1), track(2), track(1), {**track(3), "userId": ""}, {**track(4), "event": ""}, track(5), 7]
    web.send(*sent)
    conflict = {**track(2), "event": "Another"}
    web.send(conflict, at=now + LATER)
    assert (live.balance().waiting, live.balance().rejected, live.balance().sent) == (5, 3, 8)
    folded(now)
    row = waiting(reason="no_user")
    actions.replay(rejected_id=row.pk, text=json.dumps(track(3)), by=admin, at=now)
    actions.discard(Chosen(reason="no_event"), by=admin, at=now)
    found = live.balance()
    assert (found.stored, found.repeated, found.conflicts, found.waiting) == (3, 1, 1, 1)
    assert (found.rejected, found.replayed, found.discarded, found.sent) == (1, 1, 1, 8)
    folded(now)
    assert (live.balance().stored, live.balance().waiting, live.balance().sent) == (4, 0, 8)
    assert [each.event for each in live.conflicts()] == ["Another"]


def test_a_mended_message_is_found_again_after_a_restart(web: Sending, admin: int, now: datetime) -> None:
    """A process that dies between the disk and the mark leaves the message waiting: the next replay adds nothing."""
    web.send({**track(1), "userId": None})
    row = waiting()
    actions.replay(rejected_id=row.pk, text=json.dumps(track(1)), by=admin, at=now)
    RejectedMessage.objects.update(settled_at=None, settled_as="", settled_by=None)
    taking.cache_clear()
    actions.replay(rejected_id=row.pk, text=json.dumps(track(1)), by=admin, at=now + LATER)
    assert folded(datetime(2026, 3, 2, 12, tzinfo=UTC)) == 1
