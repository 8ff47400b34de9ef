"""The health of a customer as the file shows it: why this band, every measure opened, the way out of grey."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.reports.files import ON, SOURCE, instant, rich

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Band
from perennial.contracts.actions import write_receivables
from perennial.customers.actions import write_contacts
from perennial.customers.models import Customer
from perennial.health import actions as health
from perennial.health import queries as scores
from perennial.health.calculations.bands import reason_of
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.versions import Incoming
from perennial.pages.customer.health import because
from perennial.playbooks import actions as playbooks
from perennial.reports import portfolio


def words(answer: Any) -> str:
    """Return what a person reads: without marks, with single spaces."""
    assert answer.status_code == 200
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split()))


@pytest.fixture
def place(member: Callable[..., int], now: datetime, home: Any) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    ids = {
        "admin": member("admin"),
        "csm": member("csm", name="Ann"),
        "colleague": member("csm"),
        "reader": member("reader"),
    }
    key = customer("Acme", at=now, owner=ids["csm"])
    rich(key, rows=2, by=ids["csm"], at=now)
    return {**ids, "key": key, "id": Customer.objects.get(key=key).pk, "at": f"/customers/{key}"}


def score(now: datetime) -> None:
    health.score_day(ON, at=now)
    portfolio.rewrite(ON, at=now)


SENTENCES = [
    ("61.0", Band.YELLOW, Band.YELLOW, "Yellow: 61.0 lies between 50 and 70.",
     "It turns red below 47 and green from 73."),
    ("85.0", Band.GREEN, Band.GREEN, "Green: 85.0 is at least 70.", "It turns yellow below 67."),
    ("12.5", Band.RED, Band.RED, "Red: 12.5 is below 50.", "It turns yellow from 53."),
    ("72.6", Band.YELLOW, Band.YELLOW, "Yellow: 72.6 would be green from 70; hysteresis keeps it yellow until 73.",
     "It turns red below 47 and green from 73."),
    ("48.0", Band.YELLOW, Band.YELLOW, "Yellow: 48.0 is below 50, but hysteresis keeps it yellow down to 47.",
     "It turns red below 47 and green from 73."),
    ("67.9", Band.GREEN, Band.GREEN, "Green: 67.9 is below 70, but hysteresis keeps it green down to 67.",
     "It turns yellow below 67."),
    ("52.0", Band.RED, Band.RED, "Red: 52.0 would be yellow from 50; hysteresis keeps it red until 53.",
     "It turns yellow from 53."),
    ("86.5", Band.GREEN, Band.YELLOW, "Yellow because of a veto. By its score of 86.5 alone it would be green.", ""),
    ("61.0", Band.YELLOW, Band.RED, "Red because of a veto. By its score of 61.0 alone it would be yellow.", ""),
    ("79.6", None, Band.GREY, "Grey: 39% of the weight is known, and a colour needs 40%.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("number", "scored", "band", "why", "after"), SENTENCES)
def test_a_band_says_in_a_sentence_what_made_it(number: str, scored: Band, band: Band, why: str, after: str) -> None:
    """39.9 % known is not the 40 % that a colour needs."""
    card = blueprint.scorecard()
    reason = reason_of(card, Decimal(number), scored, band)
    assert because(reason, {"score": number, "coverage": 0.399}, card) == (why, after)


def test_the_health_tab_shows_weights_means_and_contributions_that_add_up(place: dict[str, Any], now: datetime) -> None:
    score(now)
    found = scores.evidence_of(place["id"])
    assert found is not None
    seen = words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    assert f"Mean of the segment {found.told['segment_score']} " in seen
    assert "Recommendation 9 of 10 85.0 85.0 7.0% 0.0" in seen  # alone in its tier: its own mean
    assert "Open tickets 2 tickets 85.0 85.0 4.0% 0.0" in seen
    assert "Seats used assumed – – 50.0 12.0%" in seen
    assert f"100.0% {found.told['score']}" in seen
    assert "Red below 50, green from 70; a band is left only 3 points beyond its threshold." in seen


def test_every_place_of_the_file_shows_the_score_by_one_rule(place: dict[str, Any], now: datetime) -> None:
    score(now)
    told = scores.parts_of(place["id"])
    assert told is not None and "." in told["score"]
    client = signed_in(place["csm"])
    for address in (place["at"], f"{place['at']}?tab=health", "/customers", f"/explain/score?customer={place['key']}"):
        seen = words(client.get(address))
        assert f" {told['score']} " in seen, address


def test_a_veto_names_its_rule_and_the_value_that_met_it(place: dict[str, Any], now: datetime) -> None:
    row = {"customer_id": place["id"], "due_on": ON - timedelta(days=72), "amount": 100_00, "currency": "USD"}
    write_receivables([Incoming("late", row, instant(100))], source=SOURCE, at=now)
    score(now)
    seen = words(signed_in(place["csm"]).get(f"{place['at']}?tab=health"))
    assert "Payment overdue by more than 60 days" in seen
    assert "Overdue since more than 60 days ago 20 Dec 2025 (72 d ago)" in seen
    hidden = words(signed_in(place["reader"]).get(f"{place['at']}?tab=health"))
    assert "A rule on a figure that you may not see" in hidden
    assert "overdue by more than" not in hidden and "20 Dec 2025" not in hidden


def test_every_measure_opens_for_whom_the_customer_is_visible(place: dict[str, Any], now: datetime) -> None:
    score(now)
    found = scores.evidence_of(place["id"])
    assert found is not None
    for part in found.told["parts"]:
        address = f"{place['at']}/health/{part['key']}"
        seen = words(signed_in(place["csm"]).get(address))
        assert part["definition"] in seen and "As of 2 Mar 2026" in seen and "computed 2 Mar 2026 17:00" in seen
        assert signed_in(place["colleague"]).get(address).status_code == 404
    assert signed_in(place["csm"]).get(f"{place['at']}/health/moon").status_code == 404


def test_an_opened_measure_shows_value_time_source_curve_and_contribution(place: dict[str, Any], now: datetime) -> None:
    score(now)
    answer = signed_in(place["csm"]).get(f"{place['at']}/health/nps")
    seen = words(answer)
    assert "9 of 10 known since 25 Feb 2026, 5 days old" in seen
    assert "From: survey answers" in seen
    assert "Contribution: weight 7.0% × (85.0 − 85.0) = 0.0" in seen
    assert "Counts wholly: fresh for 90 days, then less each day, nothing from day 270 on." in seen
    assert answer.content.decode().count('<circle class="last"') == 1


def test_a_measure_of_which_nothing_is_known_says_what_stands_in(place: dict[str, Any], now: datetime) -> None:
    score(now)
    answer = signed_in(place["csm"]).get(f"{place['at']}/health/trend_28d")
    seen = words(answer)
    assert "Nothing is known" in seen and "Never observed." in seen
    assert "For the missing 100% the mean stands in: counted as 50.0 points." in seen
    assert '<circle class="last"' not in answer.content.decode()


def test_a_measure_of_money_tells_a_reader_only_what_it_adds(place: dict[str, Any], now: datetime) -> None:
    score(now)
    seen = words(signed_in(place["reader"]).get(f"{place['at']}/health/overdue_days"))
    assert "Its value tells of a figure that you may not see." in seen
    assert "Weight 10.0% · contribution" in seen
    assert "51 days" not in seen and "10 Jan 2026" not in seen
    mine = words(signed_in(place["csm"]).get(f"{place['at']}/health/overdue_days"))
    assert "51 days" in mine and "10 Jan 2026 $40.00" in mine


def test_a_grey_score_says_what_is_missing_and_what_to_do(place: dict[str, Any], now: datetime) -> None:
    made = Customer.objects.get(key=customer("Bare", at=now, owner=place["csm"]))
    keep([line("bare", made.pk, "2025-06-01", "2026-06-01", 10_000_00)], at=now, on="2026-03-02")
    write_contacts([Incoming("p", {"customer_id": made.pk, "name": "Li", "level": 1, "rung": 3}, instant(3))],
                   source=SOURCE, at=now)  # fmt: skip
    score(now)
    seen = words(signed_in(place["csm"]).get(f"/customers/{made.key}?tab=health"))
    assert "Grey: 27% of the weight is known, and a colour needs 40%." in seen
    assert "13.0% of the weight is lacking. Fresh data for the first 2 of these is enough:" in seen
    assert "Seats used +12.0% Import usage that names its users, and contracts with their seats." in seen
    assert "Contact in rhythm +8.0% Log the next call, visit, meeting or message. Log" in seen


def test_a_customer_that_was_never_scored_says_what_would_score_it(place: dict[str, Any], now: datetime) -> None:
    score(now)
    other = customer("Prospect", at=now, owner=place["csm"])
    seen = words(signed_in(place["csm"]).get(f"/customers/{other}?tab=health"))
    assert "Not scored yet" in seen and "import its contract lines" in seen
    assert "Import contracts" in words(signed_in(place["admin"]).get(f"/customers/{other}?tab=health"))


@pytest.mark.parametrize("tab", ["overview", "people", "contracts", "usage", "tickets", "timeline", "health"])
def test_a_customer_of_whom_nothing_is_known_has_tabs_that_say_what_to_do(
    place: dict[str, Any], now: datetime, tab: str
) -> None:
    other = customer("Empty", at=now, owner=place["csm"])
    seen = words(signed_in(place["admin"]).get(f"/customers/{other}?tab={tab}"))
    steps = {"overview": "Import contracts", "people": "Add a contact", "contracts": "Import contracts",
             "usage": "Import usage", "tickets": "Import tickets", "timeline": "Log what happened",
             "health": "Import contracts"}  # fmt: skip
    assert steps[tab] in seen


def test_a_reason_of_today_opens_to_its_rule_as_a_tree_in_words(place: dict[str, Any], now: datetime) -> None:
    score(now)
    playbooks.plan_today(ON, at=now)
    client = signed_in(place["csm"])
    assert f"{place['at']}/why/ticket_overdue" in client.get(place["at"]).content.decode()
    assert "Overdue tickets > 0 2" in words(client.get(f"{place['at']}/why/ticket_overdue"))
    assert client.get(f"{place['at']}/why/usage_fell").status_code == 404
    assert signed_in(place["colleague"]).get(f"{place['at']}/why/ticket_overdue").status_code == 404


def test_the_health_tab_costs_as_many_queries_at_40_rows_of_everything_as_at_one(
    place: dict[str, Any], now: datetime
) -> None:
    counts = []
    for rows, name in ((1, "Small"), (40, "Large")):
        key = customer(name, at=now, owner=place["csm"])
        rich(key, rows=rows, by=place["csm"], at=now)
        score(now)
        client = signed_in(place["csm"])
        for address in (f"/customers/{key}?tab=health", f"/customers/{key}/health/overdue_days"):
            client.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 26


def test_a_score_under_another_card_is_explained_by_the_card_that_made_it(place: dict[str, Any], now: datetime) -> None:
    score(now)
    text = blueprint.default_text("scorecard").replace("green_from: 70", "green_from: 75")
    health.publish(text, by=None, at=now)
    found = scores.evidence_of(place["id"])
    assert found is not None and found.card.green_from == 70


def unopened(page: str) -> list[str]:
    """Return the numbers that a person reads and cannot open. Headings, names and the next step are words."""
    opens = r'<button[^>]*class="explain".*?</button>'
    names = r'<svg.*?</svg>|<dt.*?</dt>|<div class="menu.*?</div>|<p class="nextstep".*?</p>'
    rest = re.sub(f"{opens}|{names}", " ", page, flags=re.DOTALL)
    return re.findall(r"\S*\d\S*", unescape(re.sub(r"<[^>]+>", " ", rest)))


@pytest.mark.parametrize("who", ["csm", "reader"])
def test_every_number_of_the_head_opens(place: dict[str, Any], now: datetime, who: str) -> None:
    score(now)
    page = signed_in(place[who]).get(f"{place['at']}?tab=people").content.decode()
    head = page[page.index('id="file"') : page.index('class="parts"')]
    assert len(re.findall(r'class="explain"', head)) >= 7
    assert unopened(head) == ["2"]  # subsidiaries, counted beside their names


def test_every_number_of_the_metrics_and_of_the_sums_opens(place: dict[str, Any], now: datetime) -> None:
    score(now)
    client = signed_in(place["csm"])
    tickets = client.get(f"{place['at']}?tab=tickets").content.decode()
    assert unopened(tickets[tickets.index("<h2>Tickets") : tickets.index("<table")]) == ["90"]  # "no answer in 90 days"
    contracts = client.get(f"{place['at']}?tab=contracts").content.decode()
    assert unopened(contracts[contracts.index("<tfoot>") : contracts.index("</tfoot>")]) == []
