"""A way through approval nodes, and the usual days at one, worked by hand."""

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perennial.contracts.calculations.nodes import Said, Stay, Usual, Usuals, over, stays, usual


def on(day: int) -> date:
    return date(2026, 3, day)


def said(node: str, since: int | None, learned: int, holder: str = "") -> Said:
    return Said(node, None if since is None else on(since), holder, on(learned))


def test_a_stay_ends_when_the_step_comes_to_the_next_node_and_the_last_when_all_is_paid() -> None:
    told = [said("legal", 2, 3, "Wang"), said("seal", 9, 10), said("payment", 14, 14)]
    assert stays(told) == [
        Stay("legal", on(2), on(9), "Wang"), Stay("seal", on(9), on(14)), Stay("payment", on(14), None),
    ]  # fmt: skip
    assert stays(told, on(30))[-1] == Stay("payment", on(14), on(30))
    assert [stay.days(on(20)) for stay in stays(told)] == [7, 5, 6]


def test_where_a_source_only_stops_naming_a_node_the_stay_ends_when_it_was_paid_else_when_that_was_learned() -> None:
    told = [said("payment", 2, 3), said("", None, 20)]
    assert stays(told, on(15)) == [Stay("payment", on(2), on(15))]
    assert stays(told) == [Stay("payment", on(2), on(20))]
    assert stays([said("payment", 2, 3), said("", 8, 20)], on(15)) == [Stay("payment", on(2), on(8))]


def test_a_move_that_was_undone_was_never_made_and_a_corrected_day_replaces_the_one_before() -> None:
    legal = said("legal", 5, 5)
    assert stays([legal, said("seal", 5, 6), legal]) == [Stay("legal", on(5), None)]
    assert stays([legal, said("seal", 9, 9), said("seal", 7, 10)]) == [
        Stay("legal", on(5), on(7)), Stay("seal", on(7), None),
    ]  # fmt: skip
    assert stays([legal, said("seal", 9, 9), said("budget", 3, 10)]) == [Stay("budget", on(3), None)]
    assert stays([said("", None, 1)]) == stays([]) == []


def test_who_holds_it_changes_without_a_new_stay_and_an_unknown_day_stays_unknown() -> None:
    assert stays([said("legal", 5, 5, "Wang"), said("legal", 5, 8, "Li")]) == [Stay("legal", on(5), None, "Li")]
    [unknown] = stays([said("legal", None, 5)])
    assert (unknown.since_on, unknown.days(on(9))) == (None, None)
    assert stays([said("legal", None, 5), said("legal", 4, 8)]) == [Stay("legal", on(4), None)]


def test_usual_days_are_the_median_of_five_stays_or_more_of_the_segment_else_of_all() -> None:
    """Golden: legal of gov 4, 9, 12, 20, 31 (median 12), of smb 2 and 3; of all seven 2, 3, 4, 9, 12, 20, 31: 9."""
    told = [("gov", "legal", days) for days in (31, 4, 12, 20, 9)] + [("smb", "legal", 2), ("smb", "legal", 3)]
    found = Usuals(usual([*told, ("gov", "seal", 1), ("", "seal", 2)]))
    assert found.of("legal", "gov") == Usual(12, 5, is_of_all=False)
    assert found.of("legal", "smb") == found.of("legal", None) == Usual(9, 7, is_of_all=True)
    assert found.of("seal", "gov") is None
    assert Usuals(usual([("", "legal", days) for days in (1, 2, 3, 4, 5, 9)])).of("legal", None) == Usual(
        4, 6, True
    )  # 3.5


def test_how_much_longer_than_usual_is_unknown_where_either_is() -> None:
    six = Usual(6, 9, is_of_all=True)
    assert [over(12, six), over(6, six), over(None, six), over(12, None)] == [6, 0, None, None]


@given(st.lists(st.tuples(st.sampled_from(["", "legal", "seal", "payment"]),
                          st.one_of(st.none(), st.integers(1, 28)), st.integers(1, 28)), max_size=8))  # fmt: skip
def test_whatever_is_said_no_stay_ends_before_it_began_and_none_overlaps_the_next(
    told: list[tuple[str, int | None, int]],
) -> None:
    learned = sorted(day for _node, _since, day in told)
    found = stays([said(node, since, day) for (node, since, _day), day in zip(told, learned, strict=True)])
    for stay in found:
        assert stay.since_on is None or stay.until_on is None or stay.since_on <= stay.until_on
    known = [stay for stay in found if stay.since_on is not None]
    for first, then in pairwise(known):
        assert first.until_on is not None
        assert then.since_on is None or first.until_on <= then.since_on
