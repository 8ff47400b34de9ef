"""Late paper is not churn: what is held of a term that ended unsigned, how long, and when it is known to be churn."""

from datetime import date
from fractions import Fraction

import pytest
from tests.contracts.calculations.lines import DEFAULT, day, line, moves, told

from perennial.contracts.calculations.grace import Grace, held
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.terms import BillingStatus, LineTerms

USUAL = Grace(30)
STATE = Grace(30, 180, ((date(2024, 1, 10), None),))
YEAR = line("1", "2023-01-01", "2024-01-01", 500)


def after_the_year(
    *more: LineTerms, grace: Grace = USUAL, as_of: str = "2024-12-31"
) -> list[tuple[str, str, Fraction]]:
    return told(moves([YEAR, *more], grace=grace, as_of=as_of))[1:]


def test_signed_within_the_grace_moves_only_the_real_difference() -> None:
    ten_days_later = line("2", "2024-01-11", None, 600, renewal_of="1", quantity=1)
    assert after_the_year(ten_days_later) == [("2024-01-11", "expansion", 100)]
    assert after_the_year(ten_days_later, grace=Grace(9)) == [
        ("2024-01-01", "churn", -500), ("2024-01-11", "reactivation", 600)
    ]  # fmt: skip


def test_unsigned_it_is_held_until_the_grace_is_over_and_then_it_was_churn_on_its_end() -> None:
    assert after_the_year(as_of="2024-01-30") == [("2024-01-31", "churn", -500)]  # not yet: the day of the grace's end
    assert after_the_year(as_of="2024-01-31") == [("2024-01-01", "churn", -500)]


def test_signed_after_the_grace_is_a_reactivation() -> None:
    assert after_the_year(line("2", "2024-03-01", None, 500)) == [
        ("2024-01-01", "churn", -500), ("2024-03-01", "reactivation", 500)
    ]  # fmt: skip


def test_one_product_is_late_while_another_goes_on() -> None:
    other = line("3", "2023-06-01", "2025-06-01", 50, product_id=2)
    assert after_the_year(other, as_of="2024-01-20")[1:2] == [("2024-01-31", "contraction", -500)]
    assert after_the_year(other, as_of="2024-01-31")[1:2] == [("2024-01-01", "contraction", -500)]
    assert after_the_year(other, line("2", "2024-01-21", None, 500), as_of="2024-12-31")[1:] == [
        ("2025-07-01", "contraction", -50)  # the other one, at the end of its own grace
    ]


@pytest.mark.parametrize(
    "ended",
    [
        line("1", "2023-01-01", "2024-01-01", 500, cancelled_on=day("2023-12-01")),
        line("1", "2023-01-01", "2024-01-01", 500, billing_status=BillingStatus.CANCELLED),
        line("1", "2023-11-01", "2024-01-01", 500),  # two months by the month: no term
        line("1", "2023-01-07", "2024-01-01", 500),  # stopped on an odd day: no term
    ],
)
def test_what_was_given_up_or_was_no_term_is_churn_at_once(ended: LineTerms) -> None:
    assert told(moves([ended], grace=USUAL, as_of="2024-01-02"))[1:] == [("2024-01-01", "churn", -500)]


def test_a_long_grace_holds_only_while_an_approval_shows() -> None:
    end = date(2024, 1, 1)
    assert Grace(30, 180).over_on(end) == date(2024, 1, 31)  # nothing shows
    assert STATE.over_on(end) == date(2024, 6, 29)  # 180 days, still at its node
    left = Grace(30, 180, ((date(2024, 1, 10), date(2024, 3, 1)),))
    assert left.over_on(end) == date(2024, 3, 31)  # 30 days after it left the node
    stale = Grace(30, 180, ((date(2023, 8, 1), None),))
    assert stale.over_on(end) == date(2024, 1, 31)  # hangs for 183 days by then: no evidence
    later = Grace(30, 180, ((date(2024, 2, 10), None),))
    assert later.over_on(end) == date(2024, 1, 31)  # the grace was over before it began
    chain = Grace(30, 180, ((date(2024, 3, 20), None), (date(2024, 1, 10), date(2024, 3, 1))))
    assert chain.over_on(end) == date(2024, 6, 29)  # one node after another


def test_a_state_owned_customer_signs_after_a_hundred_days() -> None:
    late = line("2", "2024-04-10", None, 500)
    assert after_the_year(late, grace=STATE) == []
    assert [kind for _on, kind, _amount in after_the_year(late, grace=Grace(30, 180))] == ["churn", "reactivation"]
    assert after_the_year(grace=STATE, as_of="2024-06-28") == [("2024-06-29", "churn", -500)]
    assert after_the_year(grace=STATE, as_of="2024-06-29") == [("2024-01-01", "churn", -500)]


def test_a_loss_that_waited_for_its_grace_is_known_when_it_is_over() -> None:
    found = held(stretches([YEAR], DEFAULT), DEFAULT, lambda _: USUAL, as_of=date(2024, 6, 1))
    new, churn = movements(found.stretches, DEFAULT, as_of=date(2024, 6, 1))
    assert (found.known_on(new), churn.on, found.known_on(churn)) == (
        date(2023, 1, 1), date(2024, 1, 1), date(2024, 1, 31)
    )  # fmt: skip


def test_what_is_in_grace_on_a_day_is_told_with_its_days() -> None:
    found = held(stretches([YEAR], DEFAULT), DEFAULT, lambda _: USUAL, as_of=date(2024, 1, 20))
    assert [(one.stretch.mrr, one.ended_on, one.over_on) for one in found.in_grace(date(2024, 1, 20))] == [
        (Fraction(500), date(2024, 1, 1), date(2024, 1, 31))
    ]  # fmt: skip
    before = held(stretches([YEAR], DEFAULT), DEFAULT, lambda _: USUAL, as_of=date(2023, 12, 31))
    assert before.in_grace(date(2023, 12, 31)) == []


def test_a_short_gap_without_any_line_is_late_paper_whatever_ended() -> None:
    lines = [line("1", "2023-11-01", "2024-01-01", 500), line("2", "2024-01-21", None, 500)]
    assert told(moves(lines, grace=USUAL))[1:] == []
    assert [kind for _on, kind, _amount in told(moves(lines, grace=Grace(19)))] == ["new", "churn", "reactivation"]


def test_lines_that_end_together_are_renewed_together_whichever_is_named() -> None:
    more = line("1b", "2023-07-01", "2024-01-01", 100)  # added meanwhile, the same product
    other = line("1c", "2023-01-01", "2024-01-01", 70, product_id=2)
    one = line("2", "2024-01-01", None, 550, renewal_of="1")
    moved = told(moves([YEAR, more, one], grace=USUAL, as_of="2024-01-10"))
    assert moved[-1:] == [("2024-01-01", "contraction", -50)]
    apart = told(moves([YEAR, other, one], grace=USUAL, as_of="2024-01-10"))
    assert apart[-1] == ("2024-01-31", "contraction", -70)  # its own product is late
    bundle = line("2", "2024-01-01", None, 550, renewal_of="1", product_id=3)
    assert (
        sum(amount for _on, _kind, amount in told(moves([YEAR, other, bundle], grace=USUAL, as_of="2024-01-10"))) == 550
    )
