"""Staged customers through the door of their room: owners, credit codes, and parents whichever row comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perennial.customers import actions
from perennial.customers import queries as customers
from perennial.customers.terms import CustomerFacts
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.people import as_written, key_of
from perennial.integrations.imports.publish import Import, Outcome, Row, Staged, values_of
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS

KIND = KindKey.CUSTOMERS
PARENTS_AT_ONCE = 5000


def write(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write the customers, then hang them below their parents: a parent may stand in any row."""
    writer = _Writer(staged, given, outcome)
    for rows in staged:
        writer.write(rows)
    writer.link()


@dataclass(frozen=True)
class _Child:
    row: Row
    parent: str
    outcome: str


class _Writer:
    def __init__(self, staged: Staged, given: Import, outcome: Outcome) -> None:
        self.given, self.outcome = given, outcome
        self.owners = as_written(members.who_may(OWNS_CUSTOMERS))
        self.codes = _Codes(given)
        self.children: list[_Child] = []
        # Within a reach a row is refused for its parent before it is written, so that what comes must be known.
        self.coming = set() if given.reach is None else {row["id"] for rows in staged for row in rows}

    def write(self, rows: Sequence[Row]) -> None:
        self.codes.learn(rows)
        known, parents = self._known(rows)
        facts, above = [], dict[str, tuple[Row, str]]()
        for row in rows:
            values = values_of(row)
            owner = self.owners.get(key_of(values.get("owner_email")))
            values |= {"owner_email": owner.email} if owner is not None else {}
            refusal = self._beyond_reach(row, values, known, parents) or self.codes.refusal(row["id"], values)
            if refusal is not None:
                self.outcome.refuse(KIND, row, *refusal[:2], at=refusal[2])
                continue
            if key_of(values.get("owner_email")) not in self.owners:
                values.pop("owner_email", None)  # the quality report names it; the customer is not lost for it
            parent = values.pop("parent_external_id", None)
            if parent is not None:
                above[row["id"]] = (row, parent)
            facts.append(_facts(self.given.source, row, values))
        ids, counted = actions.upsert(facts, by=self.given.by, at=self.given.at, import_id=self.given.id)
        self.outcome.add(KIND, counted)
        self.children += [_Child(row, parent, counted.outcomes[key]) for key, (row, parent) in above.items()]
        if self.given.reach is not None:
            self.given.reach.customers |= {ids[key] for key, what in counted.outcomes.items() if what == "new"}

    def _known(self, rows: Sequence[Row]) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return who stands in the rows already, and which parents may be named: only asked within a reach."""
        if self.given.reach is None:
            return {}, {}
        parents = sorted({row["values"]["parent_external_id"] for row in rows
                          if row["values"].get("parent_external_id")})  # fmt: skip
        return customers.ids_of(self.given.source, [row["id"] for row in rows]), self.given.ids_of(parents)

    def _beyond_reach(
        self, row: Row, values: dict[str, Any], known: Mapping[str, int], parents: Mapping[str, int]
    ) -> tuple[str, str, str] | None:
        """Return reason, value and field where the row is not the importing member's to write; give a customer that is
        added its owner."""
        reach = self.given.reach
        if reach is None:
            return None
        customer_id, mail, parent = known.get(row["id"]), values.get("owner_email"), values.get("parent_external_id")
        if customer_id is not None and customer_id not in reach.customers:
            return "not_yours", row["id"], "external_id"
        if customer_id is None:
            values["owner_email"] = mail = mail or reach.member.email
            if mail.lower() not in reach.mails:
                return "not_yours", mail, "owner_email"
        elif mail and not reach.may_assign(customer_id):
            return "not_yours", mail, "owner_email"
        if parent and parent not in parents and parent not in self.coming:
            return "not_yours", parent, "parent_external_id"
        return None

    def link(self) -> None:
        for start in range(0, len(self.children), PARENTS_AT_ONCE):
            some = {child.row["id"]: child for child in self.children[start : start + PARENTS_AT_ONCE]}
            parents = self.given.ids_of(sorted({child.parent for child in some.values()}))
            for child in some.values():
                if child.parent not in parents:
                    self.outcome.leave_empty(child.row, child.parent)
            facts = [
                CustomerFacts(source=self.given.source, external_id=key, parent_external_id=child.parent)
                for key, child in some.items()
                if child.parent in parents
            ]
            moved = actions.upsert(facts, by=self.given.by, at=self.given.at, import_id=self.given.id)[1].outcomes
            for key, what in moved.items():
                if what == "changed" and some[key].outcome == "same":
                    self.outcome.turned_out_changed(KIND)


def _facts(source: str, row: Row, values: dict[str, Any]) -> CustomerFacts:
    tags = values.pop("tags", None)
    return CustomerFacts(source=source, external_id=row["id"], custom=row["kept"],
                         tags=tuple(tags) if tags is not None else None, **values)  # fmt: skip


class _Codes:
    """Which unified social credit code is whose: one code belongs to one customer, and the first row has it."""

    def __init__(self, given: Import) -> None:
        self.given = given
        self.holders: dict[str, str] = {}
        self.beyond: set[str] = set()

    def learn(self, rows: Sequence[Row]) -> None:
        """Find out who holds the codes of the rows."""
        codes = sorted({row["values"]["credit_code"] for row in rows if row["values"].get("credit_code")})
        held = customers.ids_of_credit_codes([code for code in codes if code not in self.holders])
        names = customers.external_ids(list(held.values())) if held else {}
        # A customer of another source has no id here: nobody of this file is it.
        self.holders |= {code: names.get(one, {}).get(self.given.source, "") for code, one in held.items()}
        if self.given.reach is not None:
            self.beyond |= {code for code, one in held.items() if one not in self.given.reach.customers}

    def refusal(self, external_id: str, values: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """Return reason, value and field where the code of a row is another customer's."""
        code = values.get("credit_code")
        if code is None or self.holders.setdefault(code, external_id) == external_id:
            return None
        return "not_yours" if code in self.beyond else "code_taken", code, "credit_code"
