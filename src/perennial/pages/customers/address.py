"""A listing as an address that can be kept: `?q=bank&f=band~in~red~yellow&f=arr~gte~100000&sort=-arr&cols=name.arr`.

Money stands in whole units of the currency and ratios in percent, as people write them. `tree` carries what single
conditions cannot say, as JSON. What is as usual is left out, so that an address is short and compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from django.http import QueryDict
from django.utils.translation import gettext as _

from perennial.customers.catalogue import Field, Unit
from perennial.customers.lists import Listing, checked
from perennial.customers.terms import ListError
from perennial.kernel import money
from perennial.kernel.conditions.parsing import parse, to_data
from perennial.kernel.conditions.terms import KNOWN, AllOf, Condition, ConditionError, FieldType, Op, Tree

DAYS = (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS)
MANY = (Op.IN, Op.NOT_IN, Op.BETWEEN)
MOST_TEXT = 200


@dataclass(frozen=True)
class Reader:
    """Reads and writes addresses for one member: the fields that he sees, in the organisation's currency."""

    fields: Mapping[str, Field]
    currency: str

    def read(self, query: QueryDict, usual: Listing) -> Listing:
        """Return the listing of an address; what it does not say is as in `usual`.

        :raises ListError: a damaged condition, or a field that there is not (for this member).
        """
        listing = usual
        if "f" in query or "tree" in query:
            parts: list[Tree] = [self.condition(text) for text in query.getlist("f") if text]
            if rest := query.get("tree", ""):
                parts.append(self._tree(rest))
            listing = replace(listing, tree=AllOf(tuple(parts)) if parts else None)
        if sort := query.get("sort", ""):
            listing = replace(listing, sort=sort)
        if columns := query.get("cols", ""):
            listing = replace(listing, columns=tuple(columns.split(".")))
        if "q" in query:
            listing = replace(listing, text=query.get("q", "").strip()[:MOST_TEXT])
        return checked(listing, self.fields)

    def write(self, listing: Listing, usual: Listing, view_id: int | None = None) -> QueryDict:
        """Return the address of a listing, told from `usual`."""
        query = QueryDict(mutable=True)
        if view_id is not None:
            query["view"] = str(view_id)
        if listing.text != usual.text:
            query["q"] = listing.text
        if listing.tree != usual.tree:
            flat, rest = split(listing.tree)
            query.setlist("f", [self.token(part) for part in flat] or ([""] if rest is None else []))
            if rest is not None:
                query["tree"] = json.dumps(to_data(rest), separators=(",", ":"), ensure_ascii=False)
        if listing.sort != usual.sort:
            query["sort"] = listing.sort
        if listing.columns != usual.columns:
            query["cols"] = ".".join(listing.columns)
        return query

    def condition(self, token: str) -> Condition:
        """Read `field~op~value~value`.

        :raises ListError: there is no such field, question or value.
        """
        key, _dash, rest = token.partition("~")
        op, *values = rest.split("~")
        return self.made(key, op, [_unescaped(value) for value in values])

    def made(self, key: str, op: str, texts: Sequence[str]) -> Condition:
        """Make a condition of what a person chose and wrote.

        :raises ListError: there is no such field, question or value.
        """
        field = self.fields.get(key)
        if field is None:
            raise ListError(_("There is no field %(key)s.") % {"key": key[:60]})
        data: dict[str, object] = {"field": key, "op": op}
        if op not in KNOWN:
            days = op in DAYS
            values = [self._value(field, text.strip(), days=days) for text in texts if text.strip()]
            data["value"] = values if op in MANY else values[0] if values else None
        try:
            return _one(parse(data, {key: field.type}))
        except ConditionError as error:
            said = {"field": field.label, "reason": str(error)}
            raise ListError(_("The filter on %(field)s cannot be read (%(reason)s).") % said) from error

    def _value(self, field: Field, text: str, *, days: bool) -> object:
        try:
            if days:
                return int(text)
            if field.unit is Unit.MONEY:
                return money.parse_minor(text.replace(",", ""), self.currency)
            match field.type:
                case FieldType.INTEGER:
                    return int(text)
                case FieldType.NUMBER:
                    number = Decimal(text.removesuffix("%"))
                    return float(number / 100 if field.unit is Unit.RATIO else number)
                case FieldType.FLAG:
                    return {"yes": True, "no": False}.get(text, text)
        except (ValueError, InvalidOperation, money.MoneyError) as error:
            said = {"field": field.label, "text": text[:40]}
            raise ListError(_("%(text)s is no value of %(field)s.") % said) from error
        return text

    def token(self, condition: Condition) -> str:
        """Return a condition as the address holds it."""
        return "~".join([condition.field, str(condition.op), *(_escaped(t) for t in self.texts(condition))])

    def texts(self, condition: Condition) -> list[str]:
        """Return the values of a condition as a person would write them."""
        if condition.value is None:
            return []
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        return [self._text(condition, value) for value in values]

    def _text(self, condition: Condition, value: object) -> str:
        unit = self.fields[condition.field].unit
        if condition.op not in DAYS and isinstance(value, int | float) and not isinstance(value, bool):
            if unit is Unit.MONEY:
                text = money.decimal_string(int(value), self.currency)
                return text.rstrip("0").rstrip(".") if "." in text else text
            if unit is Unit.RATIO:
                return _short(Decimal(repr(value)) * 100)
            if isinstance(value, float):
                return _short(Decimal(repr(value)))
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

    def _tree(self, text: str) -> Tree:
        try:
            return parse(json.loads(text), {key: field.type for key, field in self.fields.items()})
        except (ConditionError, json.JSONDecodeError, RecursionError) as error:
            raise ListError(_("The filter cannot be read (%(reason)s).") % {"reason": str(error)[:200]}) from error


def split(tree: Tree | None) -> tuple[list[Condition], Tree | None]:
    """Return the single conditions of a tree that must all hold, and what is left of it."""
    if tree is None:
        return [], None
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    flat = [part for part in parts if isinstance(part, Condition)]
    rest = tuple(part for part in parts if not isinstance(part, Condition))
    return flat, None if not rest else rest[0] if len(rest) == 1 else AllOf(rest)


def joined(flat: Sequence[Condition], rest: Tree | None) -> Tree | None:
    """Return the tree of single conditions and a rest; None for neither."""
    parts: tuple[Tree, ...] = (*flat, *(() if rest is None else (rest,)))
    return AllOf(parts) if parts else None


def _one(tree: Tree) -> Condition:
    assert isinstance(tree, Condition)
    return tree


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("~", "%7E")


def _unescaped(text: str) -> str:
    return text.replace("%7E", "~").replace("%25", "%")
