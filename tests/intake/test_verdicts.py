"""Nothing is dropped silently: taken and rejected are what was sent, and what is mended counts (promise D5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.intake.kinds import KINDS, batch, good
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending

from perennial.intake import actions
from perennial.intake.models import RejectedMessage, Unconfirmed
from perennial.intake.protocol import envelope
from perennial.intake.taking import taking
from perennial.lake.terms import Counts
from perennial.usage.lake import definitions, lake
from perennial.usage.models import ProductUser

pytestmark = SEEN_BY_ALL_THREADS
FEW = {kind: said for kind, said in KINDS.items() if len(said[0]) < 50_000}


def test_good_and_bad_of_every_kind_are_what_was_sent_and_the_mended_count(
    web: Sending, admin: int, now: datetime
) -> None:
    goods = [good(number) for number in range(3 * len(FEW))]
    bads = [text for text, _reason in FEW.values()]
    mixed = [text for pair in zip(goods, bads, strict=False) for text in pair] + goods[len(bads) :]
    verdict = taking().take(web.sender, envelope(batch(*mixed), is_batch=True), None, at=now)
    assert (verdict.accepted, len(verdict.refused)) == (len(goods), len(bads))
    rows = list(RejectedMessage.objects.order_by("id"))
    assert [row.reason for row in rows] == [reason for _text, reason in FEW.values()]
    assert {(row.key_id, row.received_at) for row in rows} == {(web.sender.key_id, now)}
    for number, row in enumerate(rows):
        text = json.dumps({**json.loads(good(number)), "messageId": f"mended-{number}"})
        assert actions.replay(rejected_id=row.pk, text=text, by=admin, at=now + timedelta(days=1)).refused is None
    lake().compact(definitions(), at=now)
    assert lake().totals() == Counts(len(mixed), len(mixed))
    assert not RejectedMessage.objects.filter(settled_at=None).exists()


def test_names_with_characters_that_no_database_takes_sink_no_batch(web: Sending) -> None:
    verdict = web.send(
        {"type": "identify", "userId": "u1", "traits": {"name": "Pia\0 \n Li"}},
        {"type": "group", "userId": "u1", "groupId": "g1", "traits": {"name": "\0Acme\0", "website": "acme\0.example"}},
        {"type": "identify", "userId": "u2", "traits": {"name": "\0", "email": "u2@acme.example\0"}},
    )
    assert verdict.accepted == 3
    assert set(ProductUser.objects.values_list("name", flat=True)) == {"Pia    Li", "u2@acme.example"}
    assert [one.name for one in Unconfirmed.objects.filter(external_id="g1")] == ["Acme"]
