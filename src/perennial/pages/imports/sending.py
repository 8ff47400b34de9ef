"""The mapping's form as it was sent: cards again, what is wrong with them, and the mapping that they make."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from perennial.integrations.imports import proposal
from perennial.integrations.imports.kinds import KINDS, Field, KindKey
from perennial.integrations.imports.mapping import WITH_END, format_data, from_data, rule_data, to_data
from perennial.integrations.imports.terms import Mapping, TableMap
from perennial.integrations.imports.values.terms import Format, Order
from perennial.pages.imports.cards import DAYS, KEEP, LEAVE, NUMBERS, TERM, Card, Row, proposed


def table_of(card: Card) -> TableMap:
    """Return a card as a table of a mapping.

    :raises MappingError: it is none as it stands.
    """
    return from_data({"source": "x", "tables": [_table_data(card)]}).tables[0]


def sent(post: MappingOf[str, str], cards: Sequence[Card]) -> list[Card]:
    """Return the cards as a form sent them; a card whose kind was changed is proposed anew."""
    return [_sent(post, f"t{number}", card) for number, card in enumerate(cards)]


def settled(cards: Sequence[Card]) -> list[Card]:
    """Return the cards with the meaning of an end that nobody has said yet, where the rows tell it now."""
    return [_settled(card) for card in cards]


def _settled(card: Card) -> Card:
    if "end_is" not in card.open_terms() or card.missing() or card.open_questions():
        return card
    meaning = proposal.terms_in(table_of(card), card.source).meaning
    return replace(card, options={**card.options, "end_is": meaning.value}) if meaning else card


def added(cards: Sequence[Card], at: str) -> list[Card]:
    """Return the cards with one more for the table of the card at this place: a table may hold two kinds at once."""
    if not at.isdecimal() or int(at) >= len(cards):
        return list(cards)
    card = cards[int(at)]
    columns = list({row.column.name: row.column for row in card.rows}.values())
    taken = {one.kind for one in cards if one.source == card.source}
    kind = next(key.value for key in KindKey if key.value not in taken)
    return [*cards[: int(at) + 1], proposed(card.source, columns, kind), *cards[int(at) + 1 :]]


def _sent(post: MappingOf[str, str], at: str, card: Card) -> Card:
    kind = post.get(f"{at}-kind", card.kind)
    if kind not in {LEAVE, *KindKey}:
        return card
    if kind != post.get(f"{at}-was", card.kind):
        columns = list({row.column.name: row.column for row in card.rows}.values())
        return proposed(card.source, columns, kind)
    rows = tuple(_sent_row(post, f"{at}-{number}", row) for number, row in enumerate(card.rows))
    options = {key: post.get(f"{at}-{key}", value).strip()[:100] for key, value in card.options.items()}
    return replace(card, kind=kind, rows=rows, options=options, file=post.get(f"{at}-file", card.file).strip()[:200])


def _sent_row(post: MappingOf[str, str], at: str, row: Row) -> Row:
    if post.get(f"{at}-column") != row.column.name:
        return row
    return replace(row, target=post.get(f"{at}-target", row.target)[:60], reading=post.get(f"{at}-reading", "")[:20],
                   values=post.get(f"{at}-values", row.values)[:5000])  # fmt: skip


def faults(cards: Sequence[Card]) -> list[str]:
    """Return what must be corrected before the mapping can be kept: nothing is imported, or a field is filled twice."""
    if all(card.kind == LEAVE for card in cards):
        return [_("Every table is left out. Say of at least one what it is.")]
    found = []
    for card in cards:
        fields = [one for row in card.rows if (one := row.field_of(card.kind)) is not None]
        for one in dict.fromkeys(one for one in fields if fields.count(one) > 1):
            names = ", ".join(row.column.name for row in card.rows if row.target == one.key)
            found.append(
                _("%(file)s: “%(field)s” is filled by more than one column (%(columns)s). Choose one.")
                % {"file": card.source.file, "field": str(one.label), "columns": names}
            )
    return found


def data_of(cards: Sequence[Card], source: str, mapping: Mapping) -> dict[str, Any]:
    """Return the mapping as plain data. Tables of the mapping that fit none of these files stay as they are."""
    tables: list[dict[str, Any]] = []
    for card in cards:
        data = None if card.kind == LEAVE else _table_data(card)
        if data is not None and data not in tables:
            tables.append(data)
    sources = [card.source for card in cards]
    resting = [table for table in mapping.tables if not any(table.fits(one) for one in sources)]
    return {
        "name": mapping.name,
        "source": source,
        "reading": [rule_data(rule) for rule in mapping.reading],
        "tables": tables + to_data(replace(mapping, tables=tuple(resting)))["tables"],
    }


def _table_data(card: Card) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for row in card.rows:
        target = row.field_of(card.kind)
        if target is not None:
            columns[target.key] = _use_data(row, target)
    mapped = {row.column.name for row in card.rows if row.field_of(card.kind)}
    constants = dict(card.kept.get("constants", {}))
    amount_is = card.options.get("amount_is", "") if card.kind == KindKey.CONTRACTS else ""
    constants |= {"currency": card.options["currency"]} if card.options.get("currency") else {}
    constants |= {"amount_months": amount_is} if amount_is.isdecimal() else {}
    known = {one.key for one in KINDS[KindKey(card.kind)].fields}
    data = {
        "file": card.file,
        "sheet": card.options.get("sheet") or None,
        "kind": card.kind,
        "columns": columns,
        "constants": {key: value for key, value in constants.items() if key in known and key not in columns},
        "keep": [row.column.name for row in card.rows if row.target == KEEP and row.column.name not in mapped],
        "learned": card.options.get("learned") or "now",
        "lag_days": int(card.options["lag_days"]) if card.options.get("lag_days", "").isdecimal() else 0,
    }
    if card.kind in set(WITH_END):
        data["end_is"] = card.options.get("end_is") or None
    if card.kind == KindKey.CONTRACTS:
        data["amount_covers"] = TERM if amount_is == TERM and "amount_months" not in columns else None
        data["amount_per"] = card.options.get("amount_per") or None
    return data | {key: card.kept[key] for key in ("id_from", "where", "where_not") if key in card.kept}


def _use_data(row: Row, target: Field) -> dict[str, Any]:
    data: dict[str, Any] = {"column": row.column.name}
    form = _format(row, target)
    if form is not None:
        data["format"] = format_data(form)
    pairs = [line.partition("=") for line in row.values.splitlines() if "=" in line]
    values = {key.strip(): value.strip() for key, _sign, value in pairs if value.strip()}
    return data | ({"values": values} if values else {})


def _format(row: Row, target: Field) -> Format | None:
    """Return the format that was chosen; None leaves a question open, or the detection to its word."""
    found = proposal.format_for(target, row.column)
    if target.type in DAYS and row.reading in set(Order):
        base = found or row.column.choices[0].format
        return replace(base, order=Order(row.reading))
    if target.type in NUMBERS and found is not None and row.reading in {"point", "comma"}:
        return replace(found, decimal_comma=row.reading == "comma")
    return found
