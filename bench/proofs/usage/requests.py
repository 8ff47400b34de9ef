"""D3, D4 and D5 over sockets: resends, hostile requests, and a verdict for every message."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.intake.hostile import forget_peak, peak, raw, requests, seconds_until_answered, slow_clients
from tests.intake.kills import folded
from tests.intake.kinds import KINDS, batch, good
from tests.intake.served import Intake, basic

from bench.proofs.usage.figures import figure, found

BATCHES, BATCH, AGAIN = 2_000, 50, 0.05
GOOD_OF_EACH_KIND = 30
SLOW = 16
BOMB_MEGABYTES = 1_000


@contextmanager
def _intake() -> Iterator[Intake]:
    with tempfile.TemporaryDirectory(prefix="proof-usage-") as folder:
        intake = Intake(Path(folder))
        try:
            yield intake
        finally:
            intake.end()


def resends() -> Iterator[dict[str, Any]]:
    """Yield what was counted twice of 100,000 events, one batch in twenty sent again, and some of them after a fold."""
    chance, sent, answers = random.Random(7), 0, set[int]()  # noqa: S311 - dice, not secrets
    with _intake() as intake:
        for turn in range(BATCHES):
            body = batch(*(good(turn * BATCH + place) for place in range(BATCH)))
            for _time in range(1 + (chance.random() < AGAIN)):
                answers.add(intake.call("/v1/batch", body, Authorization=basic(intake.key))[0])
                sent += BATCH
            if turn == BATCHES // 2:
                folded(intake.home)
        counts = folded(intake.home)
        (intake.home / "lake" / "inbox").mkdir(exist_ok=True)
        intake.send(json.loads(good(0, messageId="another id")))  # a sender that makes a new id for its resend
        doubled = folded(intake.home).stored - counts.stored
    how = f"{sent:,} events sent in batches of {BATCH}, answers {sorted(answers)}; {counts}"
    wrong = abs(counts.stored - BATCHES * BATCH) + abs(sent - counts.stored - counts.duplicates)
    yield figure("D3, events counted twice or not at all", wrong, "events", 0, how)
    yield found("D3", doubled, "one event sent again under a new id counts twice")


def limits() -> Iterator[dict[str, Any]]:
    """Yield answers that are not those promised, memory, and how long slow clients hold up a good one."""
    with _intake() as intake:
        held, before = forget_peak(intake), len(intake.events())
        got = [
            (name, raw(intake, pieces), status) for name, pieces, status in requests(intake, megabytes=BOMB_MEGABYTES)
        ]
        wrong = [(name, answer) for name, answer, status in got if answer != status]
        expected = sum(status == 200 for _name, _answer, status in got)
        stored = len(intake.events()) - before
        grown = peak(intake) - held
        waited = seconds_until_answered(intake, slow_clients(intake, count=SLOW))
    how = f"{len(got)} requests, bombs of {BOMB_MEGABYTES:,} MB; {wrong or 'none other'}"
    yield figure("D4, answers that are not 200, 400 or 413 as promised", len(wrong), "answers", 0, how)
    yield figure(
        "D4, good ones beside them that are not stored", abs(stored - expected), "events", 0, f"{stored} stored"
    )
    yield figure("D4, growth of memory", round(grown), "MB", 200, f"peak of the largest process over {held:.0f} MB")
    how = f"{SLOW} clients that drip a byte a second against 8 threads; they have 10 s for a head, 20 for a body"
    yield figure("D4, a good request waits behind slow ones", round(waited, 1), "s", 25, how)


def verdicts() -> Iterator[dict[str, Any]]:
    """Yield how many messages of all kinds have no verdict, or a row without its reason, time or key."""
    sent = accepted = rejected = 0
    wrong: list[str] = []
    with _intake() as intake:
        for number, (kind, (text, reason)) in enumerate(KINDS.items()):
            goods = [good(number * 1_000 + place) for place in range(GOOD_OF_EACH_KIND)]
            status, _headers, answer = intake.call(
                "/v1/batch?strict=1", batch(*goods[:15], text, *goods[15:]), Authorization=basic(intake.key)
            )
            sent += GOOD_OF_EACH_KIND + 1
            accepted += answer.get("accepted", 0)
            rejected += len(answer.get("rejected", ()))
            if status != 200 or [each["reason"] for each in answer["rejected"]] != [reason]:
                wrong.append(f"{kind}: {status} {answer}"[:100])
        counts = folded(intake.home)
        with sqlite3.connect(intake.home / "records.sqlite3") as records:
            ((rows,),) = records.execute(
                "SELECT COUNT(*) FROM perennial_rejectedmessage WHERE reason <> '' AND received_at IS NOT NULL "
                "AND key_id IS NOT NULL"
            ).fetchall()
            records.execute(
                "DELETE FROM perennial_rejectedmessage WHERE id = (SELECT MAX(id) FROM perennial_rejectedmessage)"
            )
            ((fewer,),) = records.execute("SELECT COUNT(*) FROM perennial_rejectedmessage").fetchall()
    how = f"{sent:,} sent in {len(KINDS)} kinds: {accepted:,} accepted, {rejected} rejected; {wrong or counts}"
    missing = abs(sent - counts.stored - rows) + abs(rows - rejected) + len(wrong)
    yield figure(
        "D5, messages that are neither stored nor rejected with reason, time and key", missing, "messages", 0, how
    )
    yield found("D5", sent - counts.stored - fewer, "one rejected row taken away")
