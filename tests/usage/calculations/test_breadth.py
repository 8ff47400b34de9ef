"""How much of what was bought is used."""

from __future__ import annotations

from fractions import Fraction

from perennial.usage.calculations.breadth import breadth, in_none, is_meant, uses_of

USED = {"search": 3, "report_day": 2, "report_year": 1, "export": 2, "chat": 9}


def test_a_beginning_with_a_star_is_one_feature_and_a_name_is_itself_alone() -> None:
    assert [(one.feature, one.uses) for one in uses_of(["search", "report_*", "sea"], USED)] == [
        ("search", 3), ("report_*", 3), ("sea", 0),
    ]  # fmt: skip
    assert is_meant("a*", "a") and not is_meant("a", "ab")


def test_a_feature_is_adopted_from_the_third_use_on() -> None:
    assert [one.is_adopted for one in uses_of(["search", "report_*", "export"], USED)] == [True, True, False]


def test_breadth_is_over_what_was_bought_and_a_feature_of_two_products_counts_once() -> None:
    found = breadth([("search", "export"), ("search", "report_*", "board")], USED)
    assert (found.adopted, found.bought, found.share) == (2, 4, Fraction(1, 2))


def test_where_no_product_names_a_feature_breadth_is_unknown_and_not_nought() -> None:
    assert breadth([], USED).share is None
    assert breadth([("board",)], {}).share == 0


def test_what_no_product_names_is_told_apart() -> None:
    assert in_none([("search",), ("report_*",)], USED) == 11
    assert in_none([], {}) == 0
