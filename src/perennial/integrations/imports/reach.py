"""Which customers an import may touch: all, or those on which the member who brings the files has the right.

A customer beyond it looks like one that does not exist, wherever a row names it. What cannot be hidden is that an id
or a code is taken, since each belongs to one customer: then the row is refused in the same words as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perennial.blueprint.terms import Scope
from perennial.contracts.models import Cancellation, Contract, Invoice, Line, Payment, Receivable
from perennial.customers.access import customers_of
from perennial.customers.models import Contact, Customer
from perennial.engagement.models import Touchpoint
from perennial.integrations.imports.kinds import KindKey
from perennial.kernel.versions import Version
from perennial.members import access
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS
from perennial.members.models import Member
from perennial.support.models import Ticket
from perennial.voice.models import SurveyAnswer

CHUNK = 500
IMPORT, EDIT, ASSIGN, TARGETS = "imports.run", "customers.edit", "customers.assign", "targets.edit"
_KEPT: Mapping[KindKey, type[Version]] = {
    KindKey.CONTACTS: Contact,
    KindKey.CONTRACTS: Line,
    KindKey.TICKETS: Ticket,
    KindKey.SURVEYS: SurveyAnswer,
    KindKey.TOUCHPOINTS: Touchpoint,
    KindKey.RECEIVABLES: Receivable,
    KindKey.INVOICES: Invoice,
    KindKey.PAYMENTS: Payment,
    KindKey.CANCELLATIONS: Cancellation,
}
"""The tables of what is kept of a customer: a row there must not pass from another book into this one by its id."""


class Reach:
    """What one member may touch by an import. `customers` grows by those that the import itself adds.

    `mails`: who may own a customer that is added. `people`, `teams`: whose targets may be set (None: everybody's).
    """

    def __init__(self, member: Member) -> None:
        self.member = member
        mine = customers_of(member, IMPORT) & customers_of(member, EDIT)
        self.customers = set(mine.values_list("id", flat=True))
        self.customers |= set(Customer.objects.filter(merged_into__in=mine).values_list("id", flat=True))
        self._assignable = set(customers_of(member, ASSIGN).values_list("id", flat=True))
        narrow = {access.scope_of(member, IMPORT), access.scope_of(member, EDIT)} - {Scope.ALL}
        team = members.who_may(OWNS_CUSTOMERS) if narrow == {Scope.TEAM} else []
        self.mails = {one.email.lower() for one in team if one.team_id is not None and one.team_id == member.team_id}
        self.mails |= {member.email.lower()} if None not in narrow else set()
        self.people, self.teams = _targets_of(member)

    def among(self, found: Mapping[str, int]) -> dict[str, int]:
        """Return what was found of this reach: the rest is as if it were not there."""
        return {key: customer for key, customer in found.items() if customer in self.customers}

    def may_assign(self, customer_id: int) -> bool:
        """Return whether a customer that is known may be given another owner."""
        return customer_id in self._assignable

    def by_unique_name(self, names: Sequence[str]) -> dict[str, int]:
        """Return the customer of each name that exactly one customer of this reach has; one query for 500."""
        found: dict[str, list[int]] = {}
        for start in range(0, len(names), CHUNK):
            rows = Customer.objects.filter(merged_into=None, name__in=names[start : start + CHUNK])
            for name, customer_id in rows.values_list("name", "id"):
                if customer_id in self.customers:
                    found.setdefault(name, []).append(customer_id)
        return {name: ids[0] for name, ids in found.items() if len(ids) == 1}

    def taken(self, kind: KindKey, source: str, external_ids: Sequence[str]) -> set[str]:
        """Return the ids of a source under which something of another customer is kept; one query for 500."""
        return self._beyond(_KEPT[kind].objects.current(), source, external_ids)

    def taken_contracts(self, source: str, numbers: Sequence[str]) -> set[str]:
        """Return the numbers that are contracts of other customers; one query for 500."""
        return self._beyond(Contract.objects.all(), source, numbers)

    def _beyond(self, kept: Any, source: str, external_ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(external_ids), CHUNK):
            rows = kept.filter(source=source, external_id__in=external_ids[start : start + CHUNK])
            told: Iterable[tuple[str, int]] = rows.values_list("external_id", "customer_id")
            found |= {external_id for external_id, customer_id in told if customer_id not in self.customers}
        return found


def reach_of(member_id: int | None) -> Reach | None:
    """Return what a member may touch by an import; None: everything, as on the command line."""
    if member_id is None:
        return None
    member = Member.objects.get(id=member_id)
    is_whole = {access.scope_of(member, IMPORT), access.scope_of(member, EDIT)} == {Scope.ALL}
    return None if is_whole else Reach(member)


def _targets_of(member: Member) -> tuple[set[int] | None, set[int] | None]:
    scope = access.scope_of(member, TARGETS)
    if scope == Scope.ALL:
        return None, None
    if scope is None:
        return set(), set()
    if scope == Scope.TEAM and member.team_id is not None:
        return {one.pk for one in members.members() if one.team_id == member.team_id} | {member.pk}, {member.team_id}
    return {member.pk}, set()
