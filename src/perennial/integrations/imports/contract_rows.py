"""Staged contracts and lines through the doors of their room; what refers to a row that comes later waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from perennial.contracts import actions, queries, red
from perennial.contracts.rates import Exchange
from perennial.customers import actions as customers
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.publish import Import, Outcome, Resolved, Row, Staged, incoming, resolved
from perennial.kernel.versions import Incoming

KIND = KindKey.CONTRACTS
AT_ONCE = 5000
RENEWED = "renewal_of_external_id"
RED = "corrects"
_PARTIES = ("signing_party", "paying_party", "invoiced_party")
_PAPER_FIELDS = frozenset(
    {*_PARTIES, "contract", "contract_kind", "framework", "signed_on", "product", "reseller", "rebate_percent"}
)


def write(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write the contracts and their lines; a framework and the line that is renewed may stand in any row."""
    writer = _Writer(given, outcome)
    for rows in staged:
        writer.write(rows)
    writer.finish()


class _Writer:
    def __init__(self, given: Import, outcome: Outcome) -> None:
        self.given, self.outcome = given, outcome
        self.written: set[str] = set()
        self.frameworks: dict[str, tuple[Row, str]] = {}
        self.waiting: list[tuple[Row, Incoming]] = []
        self.exchange = Exchange.of_house()
        self.reds: list[tuple[Row, Incoming]] = []

    def write(self, rows: Sequence[Row]) -> None:
        kept, parties = self._with_parties(resolved(KIND, rows, self.given, self.outcome))
        products = actions.write_products({v["product"]: v["product"] for _row, v in kept if v.get("product")})
        ids = self._papers(kept, parties)
        lines: list[tuple[Row, Incoming]] = []
        for row, values in kept:
            line = {key: value for key, value in values.items() if key not in _PAPER_FIELDS}
            line |= {"contract_id": ids[_number(row, values)], "product_id": products.get(values.get("product") or "")}
            if values.get("renewal_of"):
                line[RENEWED] = line.pop("renewal_of")
            (self.reds if line["amount"] < 0 else lines).append((row, incoming(row, line, self.given)))
        now = list(self._ready(lines))
        self.outcome.add(KIND, actions.write_lines(now, **self.given.origin))

    def _with_parties(self, kept: Resolved) -> tuple[Resolved, Mapping[str, int]]:
        """Find the parties. Within a reach a row is refused for one that is not there, and for the number of a contract
        that is another customer's; without, an unknown party is left empty. Refused too: a line whose currency has no
        exchange rate on its first day."""
        named = sorted({values[key] for _row, values in kept for key in _PARTIES if values.get(key)})
        parties = self.given.ids_of(named)
        taken = set[str]()
        if self.given.reach is not None:
            taken = self.given.reach.taken_contracts(self.given.source, sorted({_number(*one) for one in kept}))
        good: Resolved = []
        for row, values in kept:
            unknown = [key for key in _PARTIES if values.get(key) and values[key] not in parties]
            if _number(row, values) in taken:
                field = "contract" if values.get("contract") else "external_id"
                self.outcome.refuse(KIND, row, "not_yours", _number(row, values), at=field)
                continue
            if unknown and self.given.reach is not None:
                self.outcome.refuse(KIND, row, "not_yours", values[unknown[0]], at=unknown[0])
                continue
            if not self.exchange.knows(values["currency"], values["starts_on"]):
                self.outcome.refuse(KIND, row, "missing_rate", values["currency"], at="currency")
                continue
            for key in unknown:
                self.outcome.leave_empty(row, values[key])
            good.append((row, values))
        return good, parties

    def _papers(self, kept: Resolved, parties: Mapping[str, int]) -> dict[str, int]:
        """Write the contracts of the rows, each as its first row of this import says it; return the ids by number."""
        papers: dict[str, Incoming] = {}
        resellers = customers.write_resellers({name for _row, v in kept if (name := v.get("reseller"))})
        for row, values in kept:
            number = _number(row, values)
            if values.get("framework"):
                self.frameworks.setdefault(number, (row, values["framework"]))
            if number not in self.written:
                self.written.add(number)
                papers[number] = incoming(
                    row, _paper(number, values, parties, resellers), self.given, external_id=number
                )
        ids, _counted = actions.write_contracts(list(papers.values()), **self.given.origin)
        before = sorted({_number(*one) for one in kept} - set(ids))
        return {**ids, **queries.contract_ids(self.given.source, before)}

    def _ready(self, lines: Sequence[tuple[Row, Incoming]]) -> Iterator[Incoming]:
        """Yield the lines that renew nothing, or a line that is kept or among them; the others wait."""
        late = _late([line for _row, line in lines], self._kept_lines([line for _row, line in lines]))
        for row, line in lines:
            if line.external_id in late:
                self.waiting.append((row, line))
            else:
                yield line

    def _kept_lines(self, lines: Sequence[Incoming]) -> set[str]:
        """Return which of the lines that these renew are kept, and this import's to name."""
        asked = sorted({name for line in lines if (name := line.values.get(RENEWED))})
        found = set(actions.line_facts(self.given.source, asked))
        return found if self.given.reach is None else found - self.given.reach.taken(KIND, self.given.source, asked)

    def finish(self) -> None:
        """Write the lines that waited, together, and put contracts under their frameworks."""
        here = {line.external_id for _row, line in self.waiting}
        there = self._kept_lines([line for _row, line in self.waiting])
        lines = []
        for row, line in self.waiting:
            if _lacks(line, there, here):
                self.outcome.leave_empty(row, line.values[RENEWED])
                lines.append(replace(line, values={**line.values, RENEWED: None}))
            else:
                lines.append(line)
        self.outcome.add(KIND, actions.write_lines(lines, **self.given.origin))
        for start in range(0, len(self.reds), AT_ONCE):
            self._write_reds(self.reds[start : start + AT_ONCE])
        named = list(self.frameworks.items())
        for start in range(0, len(named), AT_ONCE):
            self._link(named[start : start + AT_ONCE])

    def _write_reds(self, rows: Sequence[tuple[Row, Incoming]]) -> None:
        """Write red lines, once all others are there: each names the line that it corrects, or finds it by its days."""
        known = actions.line_facts(self.given.source, [name for _row, line in rows if (name := line.values.get(RED))])
        fits, lines = red.fitting([line for _row, line in rows]), []
        for (row, line), found in zip(rows, fits, strict=True):
            name = line.values.get(RED)
            wanted = str(known[name]) if name in known else None
            if not found or (name and wanted not in found):
                self.outcome.refuse(KIND, row, "corrects_nothing", name or "", at=RED if name else "amount")
                continue
            fact = wanted or (found[0] if len(found) == 1 else None)
            lines.append(replace(line, values={**line.values, RED: UUID(fact) if fact else None}))
        self.outcome.add(KIND, actions.write_lines(lines, **self.given.origin))

    def _link(self, named: Sequence[tuple[str, tuple[Row, str]]]) -> None:
        asked = sorted({framework for _number, (_row, framework) in named})
        there = set(queries.contract_ids(self.given.source, asked))
        if self.given.reach is not None:
            there -= self.given.reach.taken_contracts(self.given.source, asked)
        papers = []
        for number, (row, framework) in named:
            if framework in there:
                papers.append(incoming(row, {actions.FRAMEWORK: framework}, self.given, external_id=number))
            else:
                self.outcome.leave_empty(row, framework)
        actions.write_contracts(papers, **self.given.origin)


def _number(row: Row, values: Mapping[str, Any]) -> str:
    return str(values.get("contract") or row["id"])


def _paper(
    number: str, values: Mapping[str, Any], parties: Mapping[str, int], resellers: Mapping[str, int]
) -> dict[str, Any]:
    paper = {
        "customer_id": values["customer_id"],
        "number": number[:100],
        "kind": values.get("contract_kind") or "order",
        "signed_on": values.get("signed_on"),
    }
    if values.get("credit_days") is not None:
        paper["credit_days"] = values["credit_days"]
    if values.get("reseller"):
        paper |= {"reseller_id": resellers[values["reseller"]], "rebate_percent": values.get("rebate_percent")}
    return paper | {f"{key}_id": parties.get(values[key]) for key in _PARTIES if values.get(key)}


def _lacks(line: Incoming, there: set[str], here: set[str | None]) -> bool:
    """Return whether the line that this one renews is neither kept nor among those that are written with it."""
    name = line.values.get(RENEWED)
    return name is not None and name not in there and name not in here


def _late(lines: Sequence[Incoming], there: set[str]) -> set[str | None]:
    """Return the lines that renew one that has not come yet, and those that renew these."""
    late, here = set[str | None](), {line.external_id for line in lines}
    while more := {line.external_id for line in lines if _lacks(line, there, here)} - late:
        late |= more
        here -= more
    return late
