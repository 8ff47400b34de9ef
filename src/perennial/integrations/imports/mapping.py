"""A mapping as YAML: read with a clear word for every mistake, written without what is default, and read back the same.

The things themselves stand in `terms.py`.
"""

from __future__ import annotations

from typing import Any

import yaml
from django.utils.translation import gettext as _

from perennial.integrations.imports import plain
from perennial.integrations.imports.kinds import KINDS, READS, KindKey
from perennial.integrations.imports.plain import At
from perennial.integrations.imports.reading.manner import DELIMITERS, ENCODINGS, LAST_HEADER_ROW, Rule, is_called
from perennial.integrations.imports.terms import (
    AmountPer,
    Covers,
    EndIs,
    Learned,
    Mapping,
    MappingError,
    TableMap,
    Use,
)
from perennial.integrations.imports.values.terms import Format, Order
from perennial.integrations.imports.values.terms import Kind as Type

__all__ = [
    "WITH_END",
    "AmountPer",
    "Covers",
    "EndIs",
    "Learned",
    "Mapping",
    "MappingError",
    "TableMap",
    "Use",
    "column_of",
    "format_data",
    "format_of",
    "from_data",
    "parse",
    "rule_data",
    "rules_of",
    "to_data",
    "to_yaml",
]  # fmt: skip
_TABLE = {"file", "sheet", "kind", "columns", "constants", "keep", "id_from", "where", "where_not", "learned",
          "lag_days", "end_is", "amount_covers", "amount_per"}  # fmt: skip
_RULE = {"file", "sheet", "encoding", "delimiter", "header", "take"}
NO_HEADER = "none"
WITH_END = frozenset({KindKey.CONTRACTS, KindKey.TARGETS})


def column_of(mapping: Mapping, file: str, keys: tuple[str, ...]) -> str:
    """Return the column of a file that is the first of these fields, "" where none is mapped."""
    for table in mapping.tables:
        if is_called(file.rsplit("/", 1)[-1], table.file):
            for key in keys:
                if key in table.columns and table.columns[key].column is not None:
                    return str(table.columns[key].column)
    return ""


def parse(text: str) -> Mapping:
    """Read a mapping from YAML.

    :raises MappingError: with the place and what is expected there.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MappingError(_("This is not YAML: %(error)s") % {"error": error}) from error
    return from_data(data)


def from_data(data: Any) -> Mapping:
    """Read a mapping from plain data (YAML's or JSON's).

    :raises MappingError: with the place and what is expected there.
    """
    at = At("")
    top = plain.fields(data, At("mapping"), {"source", "tables", "name", "reading"})
    tables, rules, source = top.get("tables"), top.get("reading") or [], top.get("source")
    if not isinstance(tables, list) or not tables:
        raise (at / "tables").fault(_("Expected a list of at least one table, each with `file`, `kind` and `columns`."))
    if not isinstance(source, str) or not source.strip() or len(source) > 60:
        raise (at / "source").fault(_("Expected the name of the system that the files come from, up to 60 characters."))
    if not isinstance(rules, list):
        raise (at / "reading").fault(_("Expected a list, each entry with `file` and how that file is read."))
    return Mapping(
        source=source.strip(),
        name=str(top.get("name") or ""),
        tables=tuple(_table(one, at / "tables" / number) for number, one in enumerate(tables)),
        reading=tuple(rules_of(rules)),
    )


def rules_of(data: list[Any]) -> list[Rule]:
    """Read from plain data how files are read.

    :raises MappingError: with the place and what is expected there.
    """
    return [_rule(one, At("reading") / number) for number, one in enumerate(data)]


def _named(data: Any, at: At, known: set[str]) -> tuple[dict[str, Any], At]:
    """Return what stands at a place and the place, which from here on names the file."""
    name = data.get("file") if isinstance(data, dict) else None
    at = At(at.way, file=name if isinstance(name, str) else "")
    given = plain.fields(data, at, known)
    if not at.file:
        raise (at / "file").fault(_("Expected a file's name or pattern, for example accounts*.csv."))
    return given, at


def _table(data: Any, at: At) -> TableMap:
    given, at = _named(data, at, _TABLE)
    kind = plain.choice(given.get("kind"), KindKey, at / "kind")
    uses = {key: _use(one, at / "columns" / key) for key, one in plain.table(given, "columns", at).items()}
    for key, one in plain.table(given, "constants", at).items():
        uses[key] = Use(constant=str(one))
    for key, use in uses.items():
        _check_use(kind, key, use, at)
    end_is, covers, per = given.get("end_is"), given.get("amount_covers"), given.get("amount_per")
    if covers is not None and "amount_months" in uses:
        raise (at / "amount_covers").fault(_("The months of the amount are said already. Say one of the two."))
    return TableMap(
        file=at.file,
        sheet=plain.text(given, "sheet", at),
        kind=kind,
        columns=uses,
        keep=plain.texts(given, "keep", at),
        id_from=plain.texts(given, "id_from", at),
        where=plain.sets(given, "where", at),
        where_not=plain.sets(given, "where_not", at),
        learned=plain.choice(given.get("learned", Learned.NOW), Learned, at / "learned"),
        lag_days=plain.whole(given, "lag_days", 0, at),
        end_is=None if end_is is None else plain.choice(end_is, EndIs, at / "end_is"),
        amount_covers=None if covers is None else plain.choice(covers, Covers, at / "amount_covers"),
        amount_per=None if per is None else plain.choice(per, AmountPer, at / "amount_per"),
    )


def _check_use(kind: KindKey, key: str, use: Use, at: At) -> None:
    at = At((at / ("constants" if use.column is None else "columns") / key).way, at.file, use.column or "")
    target = KINDS[kind].field(key)
    if target is None:
        raise at.fault(plain.unknown(key, [field.key for field in KINDS[kind].fields]))
    if use.format is not None and use.format.kind not in READS[target.type]:
        kinds = ", ".join(sorted(READS[target.type]))
        text = _("“%(field)s” cannot be read as %(format)s. Use one of: %(options)s.")
        raise (at / "format").fault(text % {"field": key, "format": use.format.kind, "options": kinds})


def _use(data: Any, at: At) -> Use:
    if isinstance(data, str):
        return Use(column=data)
    if not isinstance(data, dict):
        raise at.fault(_("Expected a column's name. Put names such as on, no or 2024 in quotation marks."))
    given = plain.fields(data, at, {"column", "constant", "format", "values"})
    if (given.get("column") is None) == (given.get("constant") is None):
        raise at.fault(_("Expected a column or a constant, one of the two."))
    column = plain.text(given, "column", at)
    at = At(at.way, at.file, column or "")
    values = {key: str(value) for key, value in plain.table(given, "values", at).items()}
    form = format_of(given["format"], at / "format") if given.get("format") is not None else None
    constant = None if given.get("constant") is None else str(given["constant"])
    return Use(column=column, constant=constant, format=form, values=values)


def format_of(data: Any, at: At | None = None) -> Format:
    """Read a format from plain data: a kind alone, or its parts.

    :raises MappingError: with the place and what is expected there.
    """
    at = at or At("format")
    given = plain.fields({"kind": data} if isinstance(data, str) else data, at,
                         {"kind", "order", "decimal_comma", "factor", "nulls"})  # fmt: skip
    return Format(
        kind=plain.choice(given.get("kind"), Type, at / "kind"),
        order=None if given.get("order") is None else plain.choice(given["order"], Order, at / "order"),
        decimal_comma=bool(given.get("decimal_comma", False)),
        factor=plain.whole(given, "factor", 1, at),
        nulls=frozenset(str(text).lower() for text in given.get("nulls", [""])),
    )


def _rule(data: Any, at: At) -> Rule:
    given, at = _named(data, at, _RULE)
    for key, known in (("encoding", ENCODINGS), ("delimiter", tuple(DELIMITERS))):
        if given.get(key) is not None and given[key] not in known:
            raise (at / key).fault(plain.unknown(str(given[key]), known))
    if given.get("take") not in (None, True, False):
        raise (at / "take").fault(_("Expected true or false."))
    return Rule(
        file=at.file,
        sheet=plain.text(given, "sheet", at),
        encoding=given.get("encoding"),
        delimiter=given.get("delimiter"),
        header=_header(given.get("header"), at / "header"),
        take=given.get("take"),
    )


def _header(data: Any, at: At) -> tuple[int, ...] | None:
    if data is None:
        return None
    rows = () if data == NO_HEADER else tuple(data) if isinstance(data, list) else (data,)
    numbers = all(isinstance(row, int) and 1 <= row <= LAST_HEADER_ROW for row in rows)
    if not numbers or len(rows) > 2 or list(rows) != sorted(set(rows)) or (data == [] or isinstance(data, bool)):
        text = _("Expected the number of the header's row (up to %(most)s), two numbers as a list, or “none”.")
        raise at.fault(text % {"most": LAST_HEADER_ROW})
    return rows


def to_data(mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as plain data, without what is default."""
    data: dict[str, Any] = {"name": mapping.name, "source": mapping.source}
    if mapping.reading:
        data["reading"] = [rule_data(rule) for rule in mapping.reading]
    return data | {"tables": [_table_data(table) for table in mapping.tables]}


def to_yaml(mapping: Mapping) -> str:
    """Return a mapping as YAML that `parse` reads back."""
    return yaml.safe_dump(to_data(mapping), allow_unicode=True, sort_keys=False)


def rule_data(rule: Rule) -> dict[str, Any]:
    """Return a rule of reading as plain data, without what was not said."""
    data: dict[str, Any] = {"file": rule.file, "sheet": rule.sheet, "encoding": rule.encoding}
    data |= {"delimiter": rule.delimiter, "take": rule.take}
    if rule.header is not None:
        data["header"] = (rule.header[0] if len(rule.header) == 1 else list(rule.header)) if rule.header else NO_HEADER
    return {key: value for key, value in data.items() if value is not None}


def _table_data(table: TableMap) -> dict[str, Any]:
    data: dict[str, Any] = {"file": table.file, "sheet": table.sheet, "kind": table.kind.value}
    data["columns"] = {key: _use_data(use) for key, use in table.columns.items() if use.column is not None}
    data["constants"] = {key: use.constant for key, use in table.columns.items() if use.constant is not None}
    data |= {"keep": list(table.keep), "id_from": list(table.id_from)}
    data |= {"where": {k: list(v) for k, v in table.where.items()}}
    data |= {"where_not": {k: list(v) for k, v in table.where_not.items()}}
    if table.learned is not Learned.NOW:
        data |= {"learned": table.learned.value, "lag_days": table.lag_days}
    if table.kind in WITH_END:
        data["end_is"] = table.end_is.value if table.end_is else None
    if table.kind is KindKey.CONTRACTS:
        data["amount_covers"] = table.amount_covers.value if table.amount_covers else None
        data["amount_per"] = table.amount_per.value if table.amount_per else None
    return {key: value for key, value in data.items() if value not in (None, {}, [], 0)}


def _use_data(use: Use) -> Any:
    if use.format is None and not use.values:
        return use.column
    data: dict[str, Any] = {"column": use.column}
    if use.format is not None:
        data["format"] = format_data(use.format)
    if use.values:
        data["values"] = dict(use.values)
    return data


def format_data(form: Format) -> dict[str, Any]:
    """Return a format as plain data, without what is default."""
    data: dict[str, Any] = {"kind": form.kind.value}
    if form.order is not None:
        data["order"] = form.order.value
    if form.decimal_comma:
        data["decimal_comma"] = True
    if form.factor != 1:
        data["factor"] = form.factor
    if form.nulls != frozenset(("",)):
        data["nulls"] = sorted(form.nulls)
    return data
