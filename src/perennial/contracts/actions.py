"""Writes of contracts: what sources state, set-wise and safe to run twice, and the movements derived from it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.contracts import by_hand, moving, numbers, typed
from perennial.contracts.deriving import TooFine, linked, rebuild_movements
from perennial.contracts.models import Cancellation, Contract, Line, Product, Receivable
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import BillingStatus, LineKind
from perennial.kernel import versions
from perennial.kernel.inserting import insert, values_of
from perennial.kernel.periods import add_months
from perennial.kernel.versions import Counted, Incoming

__all__ = ["TooFine", "linked", "rebuild_movements"]
CHUNK = 500
MOST = 2**63 - 1
LONGEST_MONTHS = 480
FRAMEWORK = "framework_external_id"


class LineRefused(ValueError):
    """A line that cannot be; the message says why."""


def check_line(values: Mapping[str, Any]) -> str | None:
    """Return why a line with these values (Line's columns) cannot be kept, None where it can. No query.

    Whether its currency has a rate is another question (`Exchange.refusal`): rates may come with the same import.
    """
    starts_on, ends_on = values.get("starts_on"), values.get("ends_on")
    kind, months = values.get("kind", LineKind.RECURRING), values.get("amount_months")
    if starts_on is None:
        return _("The line has no first day.")
    if ends_on is not None and ends_on < starts_on:
        return _("The line ends on %(end)s, before it starts on %(start)s.") % {"end": ends_on, "start": starts_on}
    if kind not in set(LineKind):
        return _("%(kind)s is no kind of line.") % {"kind": kind}
    if values.get("billing_status", BillingStatus.ACTIVE) not in set(BillingStatus):
        return _("%(status)s is no billing status.") % {"status": values["billing_status"]}
    if months is not None and months < 1:
        return _("An amount is for one month or more.")
    if ends_on is not None and ends_on > add_months(starts_on, LONGEST_MONTHS):
        return _("A term of more than 40 years: check the year of its end.")
    if kind == LineKind.RECURRING and months is None and ends_on is None:
        return _("An amount for the whole term needs the day on which the term ends.")
    return _check_amounts(values)


def _check_amounts(values: Mapping[str, Any]) -> str | None:
    if not isinstance(values.get("amount"), int) or abs(values["amount"]) > MOST:
        return _("The line has no amount that can be kept.")
    tax_rate, percent = values.get("tax_rate"), values.get("discount_percent")
    if values.get("amount_includes_tax") and tax_rate is None:
        return _("An amount including tax needs its tax rate.")
    if tax_rate is not None and not 0 <= Fraction(tax_rate) < 1:
        return _("%(rate)s is no tax rate. Example: 0.06.") % {"rate": tax_rate}
    if percent is not None and values.get("discount_amount") is not None:
        return _("A discount is a percentage or an amount, not both.")
    return None


def write_products(names: Mapping[str, str]) -> dict[str, int]:
    """Make the products not known yet (name by code); return the ids by code. Two queries for 500."""
    ids: dict[str, int] = {}
    codes = sorted(names)
    for start in range(0, len(codes), CHUNK):
        chunk = codes[start : start + CHUNK]
        Product.objects.bulk_create(
            [Product(code=code, name=names[code] or code) for code in chunk], ignore_conflicts=True
        )
        ids |= dict(Product.objects.filter(code__in=chunk).values_list("code", "id"))
    return ids


@transaction.atomic
def write_contracts(
    rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None
) -> tuple[dict[str, int], Counted]:
    """Write contracts of one source by external id; return (ids by external id, counts). Four queries for 500.

    The values are Contract's columns; `framework_external_id` names the framework among the source's contracts,
    whichever comes first. Every row has an external id. An unknown framework leaves the contract without one. What a
    member changed of a paper stays (`by_hand`); where its source says something new, that is an open point.
    """
    known = _contracts(source, [row.external_id or "" for row in rows])
    rows = numbers.as_known(Contract, rows, source)
    fresh: dict[str, Contract] = {}
    changed: dict[str, Contract] = {}
    for row in rows:
        key, values = row.external_id or "", {name: row.values[name] for name in row.values if name != FRAMEWORK}
        if key in known:
            if key not in fresh:
                values = by_hand.read_again(known[key], values)
            if _set(known[key], values) and key not in fresh:
                changed[key] = known[key]
        else:
            fresh[key] = known[key] = Contract(
                source=source, external_id=key, learned_at=row.learned_at or at, import_id=import_id, **values
            )
    insert(Contract, [values_of(contract) for contract in fresh.values()])
    known |= _contracts(source, list(fresh))
    if changed:
        columns = [*{name.removesuffix("_id") for row in rows for name in row.values} - {FRAMEWORK}, "by_hand"]
        Contract.objects.bulk_update(changed.values(), columns, batch_size=200)
    moved = _set_frameworks(rows, known, source)
    counted = Counted()
    for key in known:
        counted.add(key, "new" if key in fresh else "changed" if key in changed or key in moved else "same")
    return {key: contract.pk for key, contract in known.items()}, counted


def _set_frameworks(rows: Sequence[Incoming], known: Mapping[str, Contract], source: str) -> set[str]:
    """Put contracts under their frameworks; return the external ids of those that moved."""
    named = {row.external_id or "": row.values[FRAMEWORK] for row in rows if row.values.get(FRAMEWORK)}
    frameworks = {**known, **_contracts(source, sorted(set(named.values()) - set(known)))}
    moved = {
        key: known[key]
        for key, name in named.items()
        if name in frameworks
        and _set(known[key], by_hand.read_again(known[key], {"framework_id": frameworks[name].pk}))
    }
    if moved:
        Contract.objects.bulk_update(moved.values(), ["framework", "by_hand"], batch_size=CHUNK)
    return set(moved)


def _contracts(source: str, external_ids: Sequence[str]) -> dict[str, Contract]:
    found: dict[str, Contract] = {}
    for start in range(0, len(external_ids), CHUNK):
        rows = Contract.objects.filter(source=source, external_id__in=external_ids[start : start + CHUNK])
        found |= {contract.external_id: contract for contract in rows}
    return found


def _set(row: Contract, values: Mapping[str, Any]) -> bool:
    differs = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differs.items():
        setattr(row, name, value)
    return bool(differs)


@transaction.atomic
def write_lines(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write lines of one source set-wise by external id; return counts. Seven queries for 500. Movements follow with
    `rebuild_movements`.

    The values are Line's columns, the whole line; `renewal_of_external_id` names the line of the same source that this
    one follows. Where a cancellation names the line, an empty day of notice in the line's own source says nothing.
    A line that a member changed stays so while its source says what it said before that (`typed`).

    :raises LineRefused: a line that `check_line` refuses, or without an exchange rate on its first day; nothing is
        written.
    """
    exchange, rows = Exchange.of_house(), numbers.as_known(Line, rows, source)
    for row in rows:
        reason = check_line(row.values) or exchange.refusal(row.values["currency"], row.values["starts_on"])
        if reason is not None:
            raise LineRefused(f"{row.external_id}: {reason}")
    followed = {row.values["renewal_of_external_id"] for row in rows if row.values.get("renewal_of_external_id")}
    known = line_facts(source, [row.external_id for row in rows if row.external_id] + sorted(followed))
    cancelled = _cancelled(known.values())
    for row in rows:
        if row.external_id is not None:
            known.setdefault(row.external_id, uuid.uuid4())
    ready = [_line(row, known, cancelled) for row in rows]
    stays = typed.stays(ready, source)
    told = [row for row in ready if row.external_id not in stays]
    counted = versions.write(Line, told, source=source, at=at, import_id=import_id)
    for external_id in stays:
        counted.add(external_id, "same")
    return counted


def _line(row: Incoming, known: Mapping[str, uuid.UUID], cancelled: set[uuid.UUID]) -> Incoming:
    values = {"kind": LineKind.RECURRING.value, **row.values}
    if "renewal_of_external_id" in values:
        values["renewal_of"] = known.get(values.pop("renewal_of_external_id") or "")
    fact = known[row.external_id] if row.external_id is not None else None
    if fact in cancelled:
        values = {name: value for name, value in values.items()
                  if value is not None or name not in {"cancelled_on", "ceases_on"}}  # fmt: skip
    return replace(row, values=values, fact=fact)


def line_facts(source: str, external_ids: Sequence[str]) -> dict[str, uuid.UUID]:
    """Return the facts of a source's lines by external id; unknown ones are left out. One query for 500."""
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(external_ids), CHUNK):
        rows = Line.objects.current().filter(source=source, external_id__in=external_ids[start : start + CHUNK])
        found |= dict(rows.values_list("external_id", "fact"))
    return found


def _cancelled(lines: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    ordered = sorted(set(lines))
    for start in range(0, len(ordered), CHUNK):
        rows = Cancellation.objects.current().filter(line_fact__in=ordered[start : start + CHUNK])
        found.update(rows.values_list("line_fact", flat=True))
    return found


@transaction.atomic
def write_cancellations(
    rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None
) -> Counted:
    """Write cancellations of one source by external id; return counts. Nine queries for 500.

    The values are Cancellation's columns; `line_external_id` names the line of the same source that is cancelled. A
    cancellation that names a known line gives it notice (the line's next version); any other is a fact to show and
    ends no revenue (decisions, Money).
    """
    named = sorted({row.values["line_external_id"] for row in rows if row.values.get("line_external_id")})
    known = line_facts(source, named)
    ready = [_cancellation(row, known) for row in numbers.as_known(Cancellation, rows, source)]
    counted = versions.write(Cancellation, ready, source=source, at=at, import_id=import_id)
    days = {row.values["line_fact"]: (row.values["cancelled_on"], row.values.get("effective_on"))
            for row in ready if row.values.get("line_fact")}  # fmt: skip
    _give_notice(days, at=at)
    return counted


def _cancellation(row: Incoming, known: Mapping[str, uuid.UUID]) -> Incoming:
    values = dict(row.values)
    if "line_external_id" in values:
        values["line_fact"] = known.get(values.pop("line_external_id") or "")
    return replace(row, values=values)


def _give_notice(days: Mapping[uuid.UUID, tuple[date, date | None]], *, at: datetime) -> None:
    ordered = sorted(days)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        lines = [line for line in Line.objects.current().select_for_update().filter(fact__in=chunk)
                 if (line.cancelled_on, line.ceases_on) != days[line.fact]]  # fmt: skip
        noticed = []
        for line in lines:
            version = versions.next_of(line, at=at)
            assert isinstance(version, Line)
            version.cancelled_on, version.ceases_on = days[line.fact]
            noticed.append(version)
        Line.objects.supersede([line.fact for line in lines], at=at)
        Line.objects.bulk_create(noticed, batch_size=CHUNK)


def write_receivables(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write steps of receivable plans of one source by external id; the values are Receivable's columns. Return counts.

    A day of receipt without an amount means that all of it came. A node that a member said stays while the source says
    of it what it said before (`moving.as_typed`).
    """
    ready = []
    for row in moving.as_typed(numbers.as_known(Receivable, rows, source), source):
        received = row.values.get("received_amount")
        if received is None:
            received = row.values["amount"] if row.values.get("received_on") else 0
        ready.append(replace(row, values={**row.values, "received_amount": received}))
    return versions.write(Receivable, ready, source=source, at=at, import_id=import_id)
