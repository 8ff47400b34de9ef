"""The page of evidence: the verdict in words, cases of whom the member sees, the way to a backtest and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.contracts.books import customers, own

from perennial.blueprint import queries as blueprint
from perennial.evidence import queries
from perennial.evidence.models import Backtest, BacktestCase
from perennial.evidence.terms import BACKTEST, LEADS
from perennial.health import actions as health
from perennial.kernel.queue.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation", "home")]
TEXT = blueprint.default_text("scorecard")
BANDS = {"green": [5, 120, [5 / 120, 0.018, 0.094]], "yellow": [0, 0, None], "red": [20, 40, [0.5, 0.35, 0.65]],
         "grey": [0, 0, None]}  # fmt: skip
FIGURES: dict[str, Any] = {
    "count": 160, "customers": 160, "events": 25, "base_rate": [0.156, 0.107, 0.218], "bands": BANDS,
    "verdict": "predicts", "auc": [0.81, 0.7, 0.88], "chance": [0.38, 0.62], "chance_p": 0.002,
    "average_precision": 0.42, "lift": [3.1, 2.0, 4.2], "foretold": 80, "brier_skill": 0.12, "slope": [0.98, 0.6, 1.36],
    "observed_to_expected": [1.05, 0.7, 1.5],
    "bins": [[40, 0.05, 2, 0.05, 0.014, 0.165], [40, 0.3, 12, 0.3, 0.18, 0.45]],
    "days_rebuilt": 3,
}  # fmt: skip
BESIDES = {"vetoes": {"champion_left": [12, 5, [0.417, 0.19, 0.68], 20]}, "canary": [0.88, 0.81],
           "lead_time": [25, 14, 63.0]}  # fmt: skip
PROPOSAL = {"keeps": False, "lam": 10.0, "over_hand": [0.01, 0.004, True],
            "challengers": [["trees", 0.002, 0.003, False]],
            "weights": [["seats_used_28d", 0.12, 0.3, 0.2, 0.4], ["nps", 0.07, 0.05, 0.02, 0.09]]}  # fmt: skip


def found(at: datetime, **changed: Any) -> int:
    """Keep a backtest of the shipped scorecard whose figures are written by hand; return its id."""
    health.publish(TEXT, by=None, at=at)
    leads = {str(lead): {**FIGURES, **changed} for lead in LEADS}
    return Backtest.objects.create(
        key="default", version=1, digest=queries.digest_of(TEXT), text=TEXT, on=date(2026, 3, 2), made_at=at,
        found={"leads": leads, "proposal": PROPOSAL, **BESIDES}, data_version="7:abc", seed=20261123,
        versions={"numpy": "2.4"},
    ).pk  # fmt: skip


def case(backtest: int, customer: int, *, is_lost: bool, band: str) -> None:
    BacktestCase.objects.create(backtest_id=backtest, customer_id=customer, on=date(2025, 5, 5), is_lost=is_lost,
                                score=71.5, band=band, p=0.08)  # fmt: skip


def shown(client: Client) -> str:
    answer = client.get("/health/evidence")
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_a_backtest_the_page_says_what_one_is_and_only_who_may_starts_it(member: Callable[..., int]) -> None:
    admin, csm = signed_in(member("admin")), signed_in(member("csm"))
    assert "never held against the past" in shown(admin) and 'action="/health/evidence/run"' in shown(admin)
    assert "never held against the past" in shown(csm) and 'action="/health/evidence/run"' not in shown(csm)
    assert csm.post("/health/evidence/run").status_code == 404
    assert not Job.objects.filter(kind=BACKTEST).exists()
    assert admin.post("/health/evidence/run").status_code == 302
    assert admin.post("/health/evidence/run").status_code == 302
    job = Job.objects.get(kind=BACKTEST)
    assert "Waiting to begin" in shown(csm)
    assert csm.post("/health/evidence/stop").status_code == 404
    assert admin.post("/health/evidence/stop").status_code == 302
    job.refresh_from_db()
    assert job.cancel_requested_at is not None or job.state == "cancelled"


def test_the_verdict_stands_in_words_with_what_it_rests_on(member: Callable[..., int], now: datetime) -> None:
    found(now)
    text = shown(signed_in(member("leader")))
    assert "The score foretells who leaves" in text
    assert "Of 120 decisions of customers that were green 90 days before, 5 were lost: 4% (2% to 9%)." in text
    assert "0.81" in text and "0.70 – 0.88" in text and "numpy 2.4" in text
    assert "outside its interval" in text and "history that was imported counts as known then" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("no_evidence", "No evidence that these measures predict churn"),
        ("leaking", "Too good to be true"),
        ("too_few", "Too few losses to judge"),
    ],
)
def test_what_does_not_predict_is_said_plainly(
    member: Callable[..., int], now: datetime, verdict: str, words: str
) -> None:
    found(now, verdict=verdict)
    assert words in shown(signed_in(member("leader")))


def test_cases_are_those_of_customers_that_the_member_sees(member: Callable[..., int], now: datetime) -> None:
    mine, ids = member("csm"), customers("Seen", "Hidden", "Red", at=now)
    backtest = found(now)
    for name, owner in (("Seen", mine), ("Hidden", None), ("Red", mine)):
        own(ids[name], owner, now)
        case(backtest, ids[name], is_lost=name != "Red", band="red" if name == "Red" else "green")
    text, all_of_it = shown(signed_in(mine)), shown(signed_in(member("admin")))
    scope = blueprint.rights().role("csm")
    if "Hidden" in text:
        assert scope is not None and "Seen" in text  # every CSM of this house reads all customers
    assert "Seen" in text and "Red" in text and "Hidden" in all_of_it
    answer = signed_in(member("admin")).post("/health/evidence/export", {"format": "csv"})
    assert answer.status_code == 200
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Customer,Decision,Outcome") and len(lines) == 4


def test_there_is_nothing_to_export_before_a_backtest_or_in_an_unknown_format(
    member: Callable[..., int], now: datetime
) -> None:
    admin = signed_in(member("admin"))
    assert admin.post("/health/evidence/export", {"format": "csv"}).status_code == 404
    found(now)
    assert admin.post("/health/evidence/export", {"format": "pdf"}).status_code == 404


def test_a_draft_says_what_its_backtest_found_before_it_is_put_in_force(
    member: Callable[..., int], now: datetime
) -> None:
    admin, draft = signed_in(member("admin")), TEXT.replace("green_from: 70", "green_from: 72")

    def compared() -> str:
        answer = admin.post("/settings/blueprint/scorecard", {"text": draft, "step": "compare"})
        return str(answer.content.decode())

    assert "This draft was never held against the past." in compared()
    assert admin.post("/health/evidence/run", {"text": draft}).status_code == 302
    assert Job.objects.get(kind=BACKTEST).payload == {"text": draft}
    row = Backtest.objects.get(id=found(now, verdict="no_evidence"))
    Backtest.objects.filter(id=row.pk).update(digest=queries.digest_of(draft.rstrip() + "\r\n"))
    assert "foretells no better than the share that is lost anyway" in compared()
    Backtest.objects.filter(id=found(now)).update(digest=queries.digest_of(draft))
    assert "Backtested as of 2 Mar 2026." in compared()


def test_a_draft_that_cannot_be_read_is_not_backtested(member: Callable[..., int]) -> None:
    answer = signed_in(member("admin")).post("/health/evidence/run", {"text": "key: 1"})
    assert answer.status_code == 302 and "scorecard" in answer["Location"]
    assert not Job.objects.filter(kind=BACKTEST).exists()


def test_beside_the_leads_stand_how_early_red_came_each_veto_as_a_rule_and_who_challenged_whom(
    member: Callable[..., int], now: datetime
) -> None:
    found(now)
    page = shown(signed_in(member("leader")))
    assert "Of 25 losses 14 were red within 180 days before" in page and "63 days before" in page
    assert "AUC 0.88 on the very day, 0.81 90 days before" in page
    assert "The champion left" in page and "41.7%" in page and "19.0% – 68.0%" in page
    assert "Red that stayed" in page and "50.0%" in page and "35.0% – 65.0%" in page
    assert "Boosted trees" in page and "Not better: kept" in page and "Weights by hand" in page


def test_a_backtest_that_did_not_tell_them_yet_is_shown_without(member: Callable[..., int], now: datetime) -> None:
    row = Backtest.objects.get(pk=found(now))
    Backtest.objects.filter(pk=row.pk).update(found={"leads": row.found["leads"], "proposal": None})
    page = shown(signed_in(member("leader")))
    assert "Red that stayed" in page and "Canary" not in page and "Vetoes as rules" not in page


def test_a_proposal_runs_in_shadow_and_is_decided_by_who_may_and_nobody_else(
    member: Callable[..., int], now: datetime
) -> None:
    number = found(now)
    row = Backtest.objects.get(pk=number)
    keys = [one.key for one in blueprint.scorecard().measures]
    row.found["proposal"]["weights"] = [[key, 0.1, 1 / len(keys), 0.02, 0.03] for key in keys]
    row.save()
    admin, csm = signed_in(member("admin")), signed_in(member("csm"))
    assert 'action="/health/evidence/shadow"' in shown(admin) and 'action="/health/evidence/shadow"' not in shown(csm)
    assert csm.post("/health/evidence/shadow", {"backtest": number}).status_code == 404
    assert admin.post("/health/evidence/shadow", {"backtest": number + 1}).status_code == 404
    assert queries.shadow() is None
    assert admin.post("/health/evidence/shadow", {"backtest": number}).status_code == 302
    one = queries.shadow()
    assert one is not None
    assert "In shadow since" in shown(csm) and "Keep what is" not in shown(csm)
    assert "Keep what is" in shown(admin) and "Adopt these weights" not in shown(admin)
    word = {"shadow": one.pk, "word": "keep", "reason": "No time to look at it"}
    assert csm.post("/health/evidence/shadow/decide", word).status_code == 404
    assert admin.post("/health/evidence/shadow/decide", {**word, "word": "maybe"}).status_code == 404
    assert queries.shadow().decided_at is None  # type: ignore[union-attr]
    one.found = {"count": 40, "events": 12, "days_rebuilt": 0, "proposed": [0.8, 0.7, 0.9],
                 "published": [0.7, 0.6, 0.8], "gain": [0.1, 0.02, 0.18]}  # fmt: skip
    one.save()
    assert "AUC 0.80 of the proposal, 0.70 of what is published" in shown(csm) and "did better" in shown(csm)
    assert "Adopt these weights" in shown(admin)
    assert admin.post("/health/evidence/shadow/decide", word).status_code == 302
    assert "Kept as it was on" in shown(csm) and "No time to look at it" in shown(csm)
