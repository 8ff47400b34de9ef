"""The data-quality report of an import: what is odd in what came, with examples; nothing is refused for it here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from perennial.contracts import queries as contracts
from perennial.customers import queries as customers
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.models import Import
from perennial.integrations.imports.people import as_written, key_of
from perennial.integrations.imports.publish import Outcome, Staged
from perennial.integrations.imports.usage_rows import Outside
from perennial.kernel.organisation.queries import house
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS

EXAMPLES = 5
SMALL_GAP_DAYS = 7
_REFUSED = {
    "unknown_customer": ("unknown_customer",),
    "not_yours": ("not_yours", "not_for_a_team"),
    "conflict": ("conflict",),
    "impossible_dates": ("impossible_date", "ends_before_start"),
}
"""Findings that are refused rows, by reason."""


@dataclass
class Finding:
    """How often something was met, and the first few places."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.count += 1
        if self.count <= EXAMPLES:
            self.examples.append(example)


Findings = Mapping[str, Finding]


def told(findings: Findings) -> dict[str, Any]:
    """Return findings as plain data, without those that were never met."""
    return {key: {"count": one.count, "examples": one.examples} for key, one in findings.items() if one.count}


def of_rows(import_id: int, source: str) -> dict[str, Any]:
    """Return what is odd in the staged records of a source, by key: how many, and the first examples."""
    return told({**_of_customers(import_id, source), **_of_contracts(import_id), **_of_cancellations(import_id)})


def of_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return which references were left empty, since nobody knows what they name."""
    return told({"left_empty": Finding(outcome.left_empty, outcome.left_empty_examples)})


def of_rejections(row: Import) -> dict[str, Any]:
    """Return what the refused rows say of the files; two queries a finding."""
    found = {}
    for key, reasons in _REFUSED.items():
        rows = row.rejections.filter(reason__in=reasons)
        examples = [f"{one.file}:{one.row} {one.value}" for one in rows.order_by("id")[:EXAMPLES]]
        found[key] = Finding(rows.count() if examples else 0, examples)
    return told(found)


def _of_customers(import_id: int, source: str) -> Findings:
    names = Counter[str]()
    missing, bare, known = Finding(), Finding(), as_written(members.who_may(OWNS_CUSTOMERS))
    mails = set[str]()
    for rows in Staged(import_id, KindKey.CUSTOMERS):
        nameless = [row["id"] for row in rows if not row["values"].get("name")]
        there = customers.ids_of(source, nameless) if nameless else {}
        for row in rows:
            if row["id"] not in there and not row["values"].get("name"):
                bare.add(row["id"])
            values = row["values"]
            if values.get("name"):
                names[str(values["name"]).strip().casefold()] += 1
            if values.get("owner_email"):
                mails.add(str(values["owner_email"]))
            else:
                missing.add(row["id"])
    doubled = [name for name, count in names.items() if count > 1]
    unknown = sorted(mail for mail in mails if key_of(mail) not in known)
    return {"duplicate_names": _listed(doubled), "nameless": bare, "missing_owner": missing,
            "unknown_owner": _listed(unknown)}  # fmt: skip


def _listed(found: Sequence[str]) -> Finding:
    return Finding(len(found), list(found[:EXAMPLES]))


def _of_contracts(import_id: int) -> Findings:
    """Lines of one customer and one product that run at the same time: seldom meant, always worth a look."""
    lines: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    empty, overlapping, gaps = Finding(), Finding(), Finding()
    for rows in Staged(import_id, KindKey.CONTRACTS):
        for row in rows:
            values = row["values"]
            starts_on, ends_on = values["starts_on"], values.get("ends_on")
            if ends_on == starts_on:
                empty.add(row["id"])
            if values.get("kind") == "recurring":
                key = (str(values.get("customer") or values.get("customer_name")), str(values.get("product") or ""))
                lines.setdefault(key, []).append((starts_on, ends_on or "9999-12-31", row["id"]))
    for (customer, _product), spans in lines.items():
        for one, other in pairwise(sorted(spans)):
            if other[0] < one[1] and one[0] != one[1]:
                overlapping.add(f"{customer}: {one[2]}, {other[2]}")
            elif one[1] < other[0] <= _days_later(one[1], SMALL_GAP_DAYS):
                gaps.add(f"{customer}: {one[2]}, {other[2]}")
    return {"overlapping_contracts": overlapping, "small_gaps": gaps, "zero_length_contracts": empty}


def _days_later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat() if day < "9999" else day


def _of_cancellations(import_id: int) -> Findings:
    unnamed = Finding()
    for rows in Staged(import_id, KindKey.CANCELLATIONS):
        for row in rows:
            if not row["values"].get("line"):
                unnamed.add(row["id"])
    return {"cancellations_without_contract": unnamed}


@dataclass(frozen=True)
class Facts:
    """What usage is held against: each customer's name, and its contracts' first day and the first day without one."""

    names: Mapping[int, str]
    spans: Mapping[int, tuple[date, date | None]]

    @classmethod
    def of(cls, customer_ids: Sequence[int]) -> Facts:
        """Return the facts of customers; two queries for 500."""
        return cls(customers.names_of(customer_ids), contracts.contract_spans(customer_ids))


def of_usage(days: Mapping[int, tuple[datetime, datetime]], outside: Outside, facts: Facts) -> dict[str, Any]:
    """Return which customers have use before their first contract day, or after their last (the organisation's days),
    and which rows lie outside the line that they name. `days`: each customer's first and last use."""
    place, before, after = house(), Finding(), Finding()
    for customer_id, (first, last) in days.items():
        starts, ends = facts.spans.get(customer_id, (None, None))
        name = facts.names.get(customer_id, customer_id)
        if starts is not None and place.day_of(first) < starts:
            before.add(f"{name}: {place.day_of(first)} < {starts}")
        if ends is not None and place.day_of(last) >= ends:
            after.add(f"{name}: {place.day_of(last)} ≥ {ends}")
    return told(
        {
            "use_before_contract": before,
            "use_after_contract": after,
            "use_before_line": Finding(outside.before, outside.before_examples),
            "use_after_line": Finding(outside.after, outside.after_examples),
        }
    )
