"""Which ends of lines come due: one definition for renewals, the weekly meeting and Revenue."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.calculations.lines import DEFAULT, line

from perennial.contracts.calculations.due_terms import due_keys, is_odd, is_term
from perennial.contracts.terms import LineKind, OddEnd, PolicySwitches


@pytest.mark.parametrize(
    ("since", "until", "more", "wanted"),
    [
        ("2024-01-01", "2025-01-01", {}, True),
        ("2024-01-01", "2024-12-31", {}, True),  # the file named the last day
        ("2024-01-31", "2024-07-31", {}, True),
        ("2024-01-01", "2024-06-01", {}, False),  # five months
        ("2024-01-01", None, {}, False),
        ("2023-12-23", "2024-10-12", {}, False),  # by the month, ended amid a month: stopped
        ("2023-12-23", "2024-10-12", {"amount_months": 12}, False),
        ("2024-04-26", "2024-11-26", {}, False),  # seven months by the month: nobody agrees on that
        ("2024-04-26", "2025-01-26", {}, True),
        ("2024-05-01", "2024-12-01", {}, True),  # whole calendar months
        ("2024-04-26", "2024-11-26", {"amount_months": 12}, True),
        ("2023-12-23", "2024-10-12", {"amount_months": None}, True),  # priced for these very days
        ("2023-12-23", "2024-10-12", {"renewal_of": "earlier"}, True),
        ("2023-12-23", "2024-10-12", {"ramp_step": 2}, True),
        ("2024-01-01", "2025-01-01", {"kind": LineKind.ONE_OFF}, False),
    ],
)
def test_a_term_has_six_months_and_an_end_that_was_agreed(
    since: str, until: str | None, more: dict[str, Any], wanted: bool
) -> None:
    assert is_term(line("1", since, until, 100, **more), DEFAULT) is wanted


def test_an_odd_end_comes_due_where_the_organisation_says_so() -> None:
    stopped = line("1", "2023-12-23", "2024-10-12", 100)
    assert is_odd(stopped, DEFAULT)
    assert is_term(stopped, PolicySwitches(odd_end=OddEnd.DUE))
    assert not is_odd(stopped, PolicySwitches(odd_end=OddEnd.DUE))
    assert not is_odd(line("1", "2024-05-01", "2024-10-12", 100), DEFAULT)  # too short whatever follows


def test_a_follower_proves_that_an_odd_end_was_a_terms() -> None:
    lines = [line("1", "2023-12-23", "2024-10-12", 100), line("2", "2024-10-12", None, 100, renewal_of="1")]
    assert due_keys(lines, {"1"}, DEFAULT) == {"1"}
    assert due_keys(lines[:1], set(), DEFAULT) == set()


def test_what_was_added_meanwhile_ends_with_the_term_and_what_rolls_by_the_month_does_not() -> None:
    lines = [
        line("term", "2024-01-01", "2025-01-01", 1200, amount_months=12),
        line("five seats more", "2024-11-11", "2025-01-01", 600, amount_months=12),
        line("by the month", "2024-12-01", "2025-01-01", 100),
        line("another day", "2024-11-11", "2025-01-02", 600, amount_months=12),
        line("another customer", "2024-11-11", "2025-01-01", 600, amount_months=12, customer_id=2),
    ]
    assert due_keys(lines, set(), DEFAULT) == {"term", "five seats more"}


def test_no_published_subscription_that_was_stopped_comes_due(sample_data: Path) -> None:
    with (sample_data / "ravenstack" / "ravenstack_subscriptions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["is_trial"] == "False"]
    lines = [
        line(row["subscription_id"], row["start_date"], row["end_date"] or None, 100, customer_id=number)
        for number, row in enumerate(rows)
    ]
    assert len(lines) > 4000
    assert due_keys(lines, set(), DEFAULT) == set()
    assert len(due_keys(lines, set(), PolicySwitches(odd_end=OddEnd.DUE))) == 61
