"""Proposed weights beside the published ones for a quarter: begun once, compared when it is over, decided by a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from tests.contracts.books import SOURCE
from tests.evidence.houses import house_of, noon
from tests.pages.test_evidence import PROPOSAL, TEXT, found

from perennial.blueprint import queries as blueprint
from perennial.evidence import queries, shadows
from perennial.evidence.models import Backtest, Shadow
from perennial.evidence.terms import ShadowWord
from perennial.health.calculations.weights import weights_of
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming
from perennial.support.actions import write_tickets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
ON = date(2026, 3, 2)
CARD = blueprint.scorecard()
ONLY_NPS = {one.key: 0.97 if one.key == "nps" else 0.03 / (len(CARD.measures) - 1) for one in CARD.measures}


def backtest(at: datetime) -> int:
    number = found(at)
    weights = [[key, 0.1, share, 0.0, 1.0] for key, share in ONLY_NPS.items()]
    row = Backtest.objects.get(pk=number)
    row.found["proposal"] = {**PROPOSAL, "weights": weights}
    row.save()
    return number


def test_the_proposed_text_has_the_weights_and_nothing_else_is_changed() -> None:
    text = shadows.proposed_text(TEXT, ONLY_NPS)
    card = blueprint.scorecards_from(text, name="scorecard").fallback
    shares = dict(zip([one.key for one in card.measures], weights_of(card).tolist(), strict=True))
    assert 940_000 < shares["nps"] < 980_000 and min(shares.values()) > 0
    assert [(one.key, one.points, one.missing) for one in card.measures] == [
        (one.key, one.points, one.missing) for one in CARD.measures
    ]
    assert card.vetoes == CARD.vetoes and text.count("\n") == TEXT.count("\n")
    with pytest.raises(shadows.ShadowRefused):
        shadows.proposed_text(TEXT, {"nps": 1.0})


def test_one_shadow_at_a_time_and_only_of_the_scorecard_in_force(member: Callable[..., int], now: datetime) -> None:
    by, number = member("admin"), backtest(now)
    shadows.begin(backtest_id=number, on=ON, by=by, at=now)
    one = Shadow.objects.get()
    assert (one.began_on, one.until_on, one.against) == (ON, date(2026, 6, 2), TEXT)
    with pytest.raises(shadows.ShadowRefused):
        shadows.begin(backtest_id=number, on=ON, by=by, at=now)
    shadows.decide(shadow_id=one.pk, word=ShadowWord.keep, reason="Changed our minds", on=ON, by=by, at=now)
    Backtest.objects.filter(pk=number).update(text=TEXT + "# another\n")
    with pytest.raises(shadows.ShadowRefused):
        shadows.begin(backtest_id=number, on=ON, by=by, at=now)
    assert Shadow.objects.count() == 1


def test_it_is_compared_when_the_quarter_and_its_grace_are_over_and_once(
    member: Callable[..., int], now: datetime
) -> None:
    ids = house_of(200, at=now, days=330)
    tickets = [{"customer_id": one, "opened_at": noon(date(2023, 1, 2))} for one in list(ids.values())[::3]]
    write_tickets([Incoming(str(one["customer_id"]), one) for one in tickets], source=SOURCE, at=now)
    began = date(2024, 2, 1)
    one = Shadow.objects.create(
        backtest_id=backtest(now), text=shadows.proposed_text(TEXT, ONLY_NPS), against=TEXT, began_on=began,
        until_on=date(2024, 10, 1), began_at=now, by_id=member("admin"),
    )  # fmt: skip
    assert shadows.compare_due(date(2024, 9, 30), at=now) == 0
    assert shadows.compare_due(date(2024, 10, 2), at=now) == 0  # a paper may still be late
    assert shadows.compare_due(date(2025, 3, 1), at=now) == 1
    one.refresh_from_db()
    assert one.found is not None
    assert one.found["count"] > 100 and one.found["events"] > 10 and one.found["days_rebuilt"] > 0
    gain, low, high = one.found["gain"]
    assert low < gain < high
    assert gain == pytest.approx(one.found["proposed"][0] - one.found["published"][0])
    assert shadows.compare_due(date(2025, 3, 2), at=now + timedelta(days=1)) == 0


def test_below_ten_losses_there_is_no_comparison(member: Callable[..., int], now: datetime) -> None:
    house_of(20, at=now, days=330)
    Shadow.objects.create(backtest_id=backtest(now), text=TEXT, against=TEXT, began_on=date(2024, 1, 1),
                          until_on=date(2024, 4, 1), began_at=now, by_id=member("admin"))  # fmt: skip
    assert shadows.compare_due(date(2025, 3, 1), at=now) == 1
    told = queries.shadow()
    assert told is not None and "gain" not in told.found and told.found["count"] > 0


def test_adopting_publishes_the_text_and_asks_for_a_reason_and_an_end(
    member: Callable[..., int], now: datetime
) -> None:
    by = member("admin")
    number = shadows.begin(backtest_id=backtest(now), on=ON, by=by, at=now)

    def adopt(reason: str) -> None:
        shadows.decide(shadow_id=number, word=ShadowWord.adopt, reason=reason, on=ON, by=by, at=now)

    with pytest.raises(shadows.ShadowRefused):
        adopt("It is better")  # not compared yet
    Shadow.objects.update(found={"count": 40, "events": 12, "days_rebuilt": 0})
    with pytest.raises(shadows.ShadowRefused):
        adopt(" ")
    assert blueprint.text_in_force("scorecard", ON) == TEXT
    adopt("It is better")
    one = Shadow.objects.get()
    assert (one.word, one.reason, one.decided_by_id) == ("adopt", "It is better", by)
    assert blueprint.text_in_force("scorecard", ON) == one.text != TEXT
    adopt("Again")
    assert JournalEntry.objects.filter(kind="scorecard.shadow_decided").count() == 1


def test_beside_another_scorecard_nothing_is_adopted(member: Callable[..., int], now: datetime) -> None:
    by = member("admin")
    number = shadows.begin(backtest_id=backtest(now), on=ON, by=by, at=now)
    Shadow.objects.update(found={"count": 40, "events": 12, "days_rebuilt": 0}, against=TEXT + "# before\n")
    with pytest.raises(shadows.ShadowRefused):
        shadows.decide(shadow_id=number, word=ShadowWord.adopt, reason="Why not", on=ON, by=by, at=now)
    assert Shadow.objects.get().decided_at is None
