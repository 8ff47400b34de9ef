"""Which features belong to which product: what is taken, and what is refused on its line."""

from __future__ import annotations

import pytest

from perennial.blueprint import queries
from perennial.blueprint.terms import BlueprintError, ProductFeatures

GOOD = """products:
  - product: CRM
    features: [search, "report_*"]
  - product: Desk
    features: [search]
"""


def test_what_ships_says_nothing_of_products() -> None:
    assert queries.products() == ()


def test_products_are_read_in_the_order_of_the_text() -> None:
    queries.check("products", GOOD)
    found = queries._parsed("products", GOOD, "products.yaml")
    assert found == (ProductFeatures("CRM", ("search", "report_*")), ProductFeatures("Desk", ("search",)))


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("product: Desk", "product: CRM", 1, "CRM stands twice"),
        ('[search, "report_*"]', "[search, search]", 3, "search stands twice"),
        ('"report_*"', '"*"', 3, "with one * at its end"),
        ('"report_*"', '"re*port"', 3, "with one * at its end"),
        ('[search, "report_*"]', "[]", 3, "a list that is not empty is wanted"),
        ("product: Desk", "products: Desk", 4, "is not known here"),
        ("products:\n", "product:\n", 1, "is not known here"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, said: str) -> None:
    with pytest.raises(BlueprintError) as refused:
        queries.check("products", GOOD.replace(old, new, 1))
    assert said in str(refused.value)
    assert refused.value.line == line
