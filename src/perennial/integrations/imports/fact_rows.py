"""Staged rows of every other kind through their rooms' doors, and the one order in which all kinds are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from perennial.contracts import actions as contracts
from perennial.contracts import rates
from perennial.customers import actions as customer_actions
from perennial.engagement import actions as engagement
from perennial.insights import actions as insights
from perennial.integrations.imports import contract_rows, customer_rows, money_rows
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.models import SnapshotRow
from perennial.integrations.imports.people import as_written, key_of
from perennial.integrations.imports.publish import Import, Outcome, Staged, incoming, resolved, values_of
from perennial.kernel.inserting import insert
from perennial.kernel.versions import Counted, Incoming
from perennial.members import queries as members
from perennial.support import actions as support
from perennial.team import actions as team
from perennial.team.models import Target
from perennial.voice import actions as voice

Writer = Callable[[Staged, Import, Outcome], None]


def write(given: Import) -> Outcome:
    """Write the staged rows of every kind in the caller's transaction; return what happened. Set-wise, some thousands
    at a time."""
    outcome = Outcome()
    for kind in KindKey:
        if kind in WRITERS:
            WRITERS[kind](Staged(given.id, kind), given, outcome)
    return outcome


def _through(
    kind: KindKey, door: Callable[..., Counted], shape: Callable[[dict[str, Any]], None] | None = None
) -> Writer:
    """Return the writer of a kind whose rows say one thing of one customer each."""

    def write_kind(staged: Staged, given: Import, outcome: Outcome) -> None:
        for rows in staged:
            ready = []
            for row, values in resolved(kind, rows, given, outcome):
                if shape is not None:
                    shape(values)
                ready.append(incoming(row, values, given))
            outcome.add(kind, door(ready, **given.origin))

    return write_kind


def _touchpoints(staged: Staged, given: Import, outcome: Outcome) -> None:
    people = as_written(members.members())

    def with_member(values: dict[str, Any]) -> None:
        member = people.get(key_of(values.pop("member_email", "")))
        values["member_id"] = member.pk if member is not None else None

    _through(KindKey.TOUCHPOINTS, engagement.write_touchpoints, with_member)(staged, given, outcome)


def _cancellations(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Two cancellations of one line are written in one call, at the end: the later one gives the line its notice."""
    named = Counter(row["values"]["line"] for rows in staged for row in rows if row["values"].get("line"))
    together: list[Incoming] = []
    for rows in staged:
        ready: list[Incoming] = []
        kept = resolved(KindKey.CANCELLATIONS, rows, given, outcome)
        there = _lines([values["line"] for _row, values in kept if values.get("line")], given)
        for row, values in kept:
            line = values.pop("line", None)
            if line in there:
                values["line_external_id"] = line
            elif line:
                outcome.leave_empty(row, line)
            (together if named[line] > 1 else ready).append(incoming(row, values, given))
        outcome.add(KindKey.CANCELLATIONS, contracts.write_cancellations(ready, **given.origin))
    if together:
        outcome.add(KindKey.CANCELLATIONS, contracts.write_cancellations(together, **given.origin))


def _lines(names: Sequence[str], given: Import) -> set[str]:
    asked = sorted(set(names))
    found = set(contracts.line_facts(given.source, asked))
    return found if given.reach is None else found - given.reach.taken(KindKey.CONTRACTS, given.source, asked)


def _targets(staged: Staged, given: Import, outcome: Outcome) -> None:
    people = {text: one.pk for text, one in as_written(members.members()).items()}
    teams = {one.name: one.pk for one in members.teams()}
    for rows in staged:
        ready: list[Incoming] = []
        taken = _taken_targets([row["id"] for row in rows], given)
        for row in rows:
            values = values_of(row)
            mail, name = key_of(values.pop("member_email", "")), values.pop("team", None)
            values |= {"member_id": people.get(mail), "team_id": teams.get(name or "")}
            if not _may_aim(values, given):
                outcome.refuse(
                    KindKey.TARGETS, row, "not_yours", mail or str(name), at="member_email" if mail else "team"
                )
            elif row["id"] in taken:
                outcome.refuse(KindKey.TARGETS, row, "not_yours", row["id"], at="external_id")
            elif values["member_id"] is None and values["team_id"] is None:
                outcome.refuse(KindKey.TARGETS, row, "unknown_member", mail or str(name))
            else:
                ready.append(incoming(row, values, given))
        outcome.add(KindKey.TARGETS, team.write_targets(ready, **given.origin))


def _may_aim(values: Mapping[str, Any], given: Import) -> bool:
    """Return whether the importing member may set a target of this member or team; an unknown one is nobody's."""
    if given.reach is None or given.reach.people is None or given.reach.teams is None:
        return True
    if values["member_id"] is not None:
        return values["member_id"] in given.reach.people
    return values["team_id"] in given.reach.teams


def _taken_targets(external_ids: Sequence[str], given: Import) -> set[str]:
    if given.reach is None:
        return set()
    found: set[str] = set()
    for start in range(0, len(external_ids), 500):
        kept = Target.objects.current().filter(
            source=given.source, external_id__in=external_ids[start : start + 500]
        )  # fmt: skip
        for key, member_id, team_id in kept.values_list("external_id", "member_id", "team_id"):
            if not _may_aim({"member_id": member_id, "team_id": team_id}, given):
                found.add(key)
    return found


def _spend(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write what winning customers cost. It is the whole house's: within a reach nobody can say whose it is."""
    for rows in staged:
        if given.reach is not None:
            _refuse_for_a_team(KindKey.SPEND, rows, outcome)
            continue
        ready = [incoming(row, {**values_of(row), "month": date.fromisoformat(row["values"]["month"])}, given)
                 for row in rows]  # fmt: skip
        outcome.add(KindKey.SPEND, insights.write_spend(ready, **given.origin))


def _refuse_for_a_team(kind: KindKey, rows: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
    for row in rows:
        outcome.refuse(kind, row, "not_for_a_team", row["id"], at="external_id")


def _snapshot(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write labelled rows as they are. They are no customers: within a reach nobody can say whose they are."""
    for rows in staged:
        if given.reach is not None:
            _refuse_for_a_team(KindKey.SNAPSHOT, rows, outcome)
            continue
        fresh = []
        for start in range(0, len(rows), 500):
            some = rows[start : start + 500]
            kept = SnapshotRow.objects.filter(dataset=given.source, external_id__in=[row["id"] for row in some])
            known = {
                (key, day.isoformat() if day else None) for key, day in kept.values_list("external_id", "as_of_on")
            }
            fresh += [row for row in some if (row["id"], row["values"].get("as_of_on")) not in known]
        insert(SnapshotRow, [
            {"belongs_to_id": given.id, "dataset": given.source, "external_id": row["id"], "features": row["kept"],
             "as_of_on": row["values"].get("as_of_on"), "outcome": float(bool(row["values"]["outcome"]))}
            for row in fresh
        ])  # fmt: skip
        outcome.add(KindKey.SNAPSHOT, Counted(new=len(fresh), same=len(rows) - len(fresh)))


def _rates(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write exchange rates. They value everybody's contracts: within a reach nobody may set them."""
    for rows in staged:
        if given.reach is not None:
            for row in rows:
                outcome.refuse(KindKey.RATES, row, "not_for_a_team", row["id"], at="base")
            continue
        ready = [incoming(row, values_of(row), given) for row in rows]
        outcome.add(KindKey.RATES, rates.write_rates(ready, **given.origin))


WRITERS: Mapping[KindKey, Writer] = {
    KindKey.RATES: _rates,
    KindKey.CUSTOMERS: customer_rows.write,
    KindKey.CONTACTS: _through(KindKey.CONTACTS, customer_actions.write_contacts),
    KindKey.CONTRACTS: contract_rows.write,
    KindKey.TICKETS: _through(KindKey.TICKETS, support.write_tickets),
    KindKey.SURVEYS: _through(KindKey.SURVEYS, voice.write_answers),
    KindKey.TOUCHPOINTS: _touchpoints,
    KindKey.RECEIVABLES: money_rows.receivables,
    KindKey.INVOICES: money_rows.invoices,
    KindKey.PAYMENTS: money_rows.payments,
    KindKey.CANCELLATIONS: _cancellations,
    KindKey.TARGETS: _targets,
    KindKey.SPEND: _spend,
    KindKey.SNAPSHOT: _snapshot,
}
