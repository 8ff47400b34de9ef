"""From staged rows to the rooms: references resolved, each kind through its room's set-wise door, in one transaction.

The dry run is the same code, rolled back: what it counts is what the publish will do. Rows pass some thousands at a
time, so that an import of any size takes the same memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from perennial.customers import queries as customers
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.models import ImportChunk
from perennial.integrations.imports.reach import Reach
from perennial.integrations.imports.staging import Refusal
from perennial.kernel.versions import Counted, Incoming

Row = Mapping[str, Any]
Resolved = list[tuple[Row, dict[str, Any]]]
CHUNKS_AT_ONCE = 5
MOST_LISTED = 100_000
EXAMPLES = 5
COUNTS = ("new", "changed", "same", "rejected")
_DATES = {"signed_up_on", "first_value_on", "left_on", "signed_on", "starts_on", "ends_on", "notice_on", "due_on",
          "invoiced_on", "received_on", "node_since_on", "requested_on", "issued_on", "cancelled_on",
          "effective_on"}  # fmt: skip
_INSTANTS = {"opened_at", "due_at", "closed_at", "answered_at", "happened_at"}


@dataclass
class Outcome:
    """What became of the staged rows, by kind; which were refused while their references were resolved (all counted,
    MOST_LISTED listed); and how many references to something unknown were left empty, with the first few."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    left_empty: int = 0
    left_empty_examples: list[str] = field(default_factory=list)

    def add(self, kind: KindKey, counted: Counted) -> None:
        total = self._of(kind)
        for name in ("new", "changed", "same"):
            total[name] += getattr(counted, name)

    def refuse(self, kind: KindKey, row: Row, reason: str, value: str, *, at: str = "") -> None:
        """Count a refused row; `at` is the field that is wrong, where the reason alone does not say it."""
        self._of(kind)["rejected"] += 1
        if len(self.refused) < MOST_LISTED:
            file, sheet, number = row["at"]
            self.refused.append(Refusal(file, sheet, number, "", value[:300], reason, {"field": at} if at else {}))

    def turned_out_changed(self, kind: KindKey) -> None:
        """Count a row as changed that was counted as the same."""
        total = self._of(kind)
        total["same"] -= 1
        total["changed"] += 1

    def leave_empty(self, row: Row, name: str) -> None:
        """Tell a reference that names nothing known: the row is kept without it."""
        self.left_empty += 1
        if len(self.left_empty_examples) < EXAMPLES:
            self.left_empty_examples.append(f"{row['at'][0]}:{row['at'][2]} {name}")

    def _of(self, kind: KindKey) -> dict[str, int]:
        return self.counts.setdefault(kind.value, dict.fromkeys(COUNTS, 0))


@dataclass(frozen=True)
class Import:
    """Which import writes: its source's name, its id, who asked and when, the organisation's zone, and what the one
    who asked may touch (None: everything)."""

    source: str
    id: int
    by: int | None
    at: datetime
    zone: ZoneInfo
    reach: Reach | None = None

    @property
    def origin(self) -> dict[str, Any]:
        """Return what the rooms' doors keep beside each row."""
        return {"source": self.source, "at": self.at, "import_id": self.id}

    def ids_of(self, external_ids: Sequence[str]) -> dict[str, int]:
        """Return the customers of the source that this import may touch, by external id; one query for 500."""
        found = customers.ids_of(self.source, external_ids)
        return found if self.reach is None else self.reach.among(found)


class Staged:
    """The staged rows of one kind, some thousands at a time, in the order of the files; as often as asked for."""

    def __init__(self, import_id: int, kind: KindKey) -> None:
        self._chunks = ImportChunk.objects.filter(belongs_to_id=import_id, kind=kind.value)

    def __iter__(self) -> Iterator[list[Row]]:
        numbers = list(self._chunks.order_by("number").values_list("number", flat=True))
        for start in range(0, len(numbers), CHUNKS_AT_ONCE):
            some = self._chunks.filter(number__in=numbers[start : start + CHUNKS_AT_ONCE]).order_by("number")
            yield [row for chunk in some for row in chunk.rows]


def resolved(kind: KindKey, rows: Sequence[Row], given: Import, outcome: Outcome) -> Resolved:
    """Resolve each row's customer; return (row, values with customer_id). Refused are rows whose customer nobody knows
    or this import may not touch, and rows under whose id something of such a customer is kept already."""
    found, reach = customers_of_rows(rows, given), given.reach
    taken = reach.taken(kind, given.source, [row["id"] for row in rows]) if reach else set[str]()
    kept: Resolved = []
    for row in rows:
        values, name = values_of(row), reference(row)
        customer_id = found.get(name)
        if customer_id is None:
            outcome.refuse(kind, row, "unknown_customer" if reach is None else "not_yours", name)
        elif row["id"] in taken:
            outcome.refuse(kind, row, "not_yours", row["id"], at="external_id")
        else:
            for key in ("customer", "customer_name"):
                values.pop(key, None)
            kept.append((row, {"customer_id": customer_id, **values}))
    return kept


def reference(row: Row) -> str:
    """Return how a row names its customer, "" where it names none."""
    return str(row["values"].get("customer") or row["values"].get("customer_name") or "")


def customers_of_rows(rows: Sequence[Row], given: Import) -> dict[str, int]:
    """Return the customer of each reference: by external id of the source; by name where the rows carry only names and
    exactly one customer has it."""
    ids = sorted({str(row["values"]["customer"]) for row in rows if row["values"].get("customer")})
    names = sorted({str(row["values"]["customer_name"]) for row in rows if not row["values"].get("customer")
                    and row["values"].get("customer_name")})  # fmt: skip
    by_name = customers.ids_by_unique_name if given.reach is None else given.reach.by_unique_name
    return {**by_name(names), **given.ids_of(ids)}


def values_of(row: Row) -> dict[str, Any]:
    """Return a staged row's values with days and instants again."""
    return {key: _value(key, value) for key, value in row["values"].items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, str) and key in _DATES:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if isinstance(value, str) and key in _INSTANTS else value


def incoming(row: Row, values: Mapping[str, Any], given: Import, *, external_id: str | None = None) -> Incoming:
    """Return the row for a room's door. Known at its own date: learned at the end of that day plus the mapping's lag,
    never later than now."""
    learned = None
    if row["learned"]:
        day = date.fromisoformat(row["learned"]) + timedelta(days=row.get("lag", 0))
        learned = min(datetime.combine(day, time(23, 59, 59), given.zone), given.at)
    return Incoming(external_id=external_id or row["id"], values=values, learned_at=learned)
