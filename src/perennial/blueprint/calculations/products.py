"""Reading which features belong to which product."""

from __future__ import annotations

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import ProductFeatures, gettext_noop

MOST_NAME = 100


def parse_products(node: Node) -> tuple[ProductFeatures, ...]:
    """Read the products with their features; none is a house that has not said yet.

    :raises BlueprintError: a product or one of its features stands twice, or a star stands before the end.
    """
    node.only("products")
    listed = node.at("products")
    if listed.value == []:
        return ()
    found = tuple(_product(item) for item in listed.items())
    refuse_doubles(listed, tuple(one.product for one in found))
    return found


def _product(node: Node) -> ProductFeatures:
    node.only("product", "features")
    features = tuple(_feature(item) for item in node.at("features").items())
    refuse_doubles(node.at("features"), features)
    return ProductFeatures(node.at("product").short(MOST_NAME), features)


def _feature(node: Node) -> str:
    text = node.text()
    if "*" in text[:-1] or text == "*":
        raise node.fail(gettext_noop("a name, or the beginning of names with one * at its end, is wanted"))
    return text
