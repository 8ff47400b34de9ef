"""Files of the ledger's copy in columns, in the home's folder: Arrow, mapped by every process, never changed once
named. Private to the room: `columns.py` says which of them are in force."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from perennial.contracts.calculations.columns import KINDS, NOBODY, Columns, columns_of
from perennial.contracts.calculations.loose import Loose
from perennial.contracts.calculations.parts import Ints, Parts
from perennial.kernel.periods import day_of_number
from perennial.lake.durable import aside, make_folder

FOLDER = "ledger"
MOST_APART = 20_000
"""With more customers who stand apart in it there is no file."""
REPORTED, TERMS = "-reported", "-terms"
READ = ("customer", "product", "on", "kind", "currency", "denominator", "numerator")
ROWS = ("customer", "product", "on", "code", "numerator", "own", "step")
PARTS = tuple(one.name for one in fields(Parts))
Read = Mapping[str, Ints]
"""Movements, each column an array: READ, as `columns_of` takes them."""


def folder() -> Path:
    """Return where the files are."""
    return Path(settings.HOME) / FOLDER


def beside(path: Path, what: str) -> Path:
    """Return the file of something else, made with one: of what was reported, of what is under terms."""
    return path.with_stem(path.stem + what)


@dataclass(frozen=True)
class LedgerFile:
    """A file's columns, mapped and not copied, and the movements of those who stand apart. `told`: what was said with
    it when it was written."""

    name: str
    columns: Columns
    apart: Loose
    told: Mapping[str, Any]


@lru_cache(maxsize=6)
def opened(path: Path) -> LedgerFile:
    """Return a file; once for each process.

    :raises FileNotFoundError: it is not here.
    """
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    told = json.loads(table.schema.metadata[b"ledger"])
    rows = {name: table[name].chunk(0).to_numpy() if table.num_rows else table[name].to_numpy() for name in ROWS}
    parts = Parts(**{name: np.array(told["parts"][name], np.int64) for name in PARTS})
    apart = Loose([
        (customer, None if product == NOBODY else product, day_of_number(on), KINDS[kind],
         told["currencies"][currency], Fraction(numerator, denominator))
        for customer, product, on, kind, currency, denominator, numerator in told["apart"]
    ])  # fmt: skip
    columns = Columns(**rows, currencies=tuple(told["currencies"]), parts=parts)
    return LedgerFile(path.name, columns, apart, told)


def write(path: Path, read: Read, currencies: Sequence[str], **said: Any) -> int:
    """Write a file; return how many movements it has, 0 and no file where too many customers stand apart. `said`: kept
    with it."""
    columns, apart = columns_of(read, currencies)
    if len(apart) > MOST_APART:
        return 0
    loose = np.flatnonzero(np.isin(read["customer"], apart))
    told = {
        "currencies": currencies,
        "parts": {name: getattr(columns.parts, name).tolist() for name in PARTS},
        "apart": np.stack([read[name][loose] for name in READ], axis=1).tolist(),
        **said,
    }
    table = pa.table({name: getattr(columns, name) for name in ROWS})
    make_folder(path.parent)
    with aside(path) as unfinished:
        schema = table.schema.with_metadata({"ledger": json.dumps(told)})
        with pa.ipc.new_file(str(unfinished), schema) as file:
            file.write_table(table.replace_schema_metadata(schema.metadata))
    return len(read["customer"])


def rows_of(file: LedgerFile, but: Ints) -> tuple[Read, list[str]]:
    """Return the movements of a file as it was written, of all customers but some, and its currencies."""
    kept = file.columns.only(file.columns.ids[~np.isin(file.columns.ids, but)])
    apart = np.array(file.told["apart"], np.int64).reshape(-1, len(READ))
    apart = apart[~np.isin(apart[:, 0], but)]
    code, own = kept.code.astype(np.int64), kept.own
    told: dict[str, Ints] = {
        "customer": kept.customer, "product": kept.product, "on": kept.on.astype(np.int64),
        "kind": code % len(KINDS), "currency": code // len(KINDS), "numerator": kept.numerator,
        "denominator": kept.parts.denominators[own] if len(own) else kept.numerator,
    }  # fmt: skip
    return {name: np.append(told[name], apart[:, at]) for at, name in enumerate(READ)}, list(kept.currencies)
