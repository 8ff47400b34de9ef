"""Amendments: a member changes, ends, pauses, cancels or corrects a line. Versions are added, never changed, and an
entry of the journal takes all of it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from perennial.contracts import actions, facts
from perennial.contracts.calculations import amendments
from perennial.contracts.calculations.amendments import NotAmendable
from perennial.contracts.drafts import COLUMNS, Draft, LineError, Write, draft
from perennial.contracts.models import Cancellation, Line
from perennial.contracts.terms import LineTerms, PolicySwitches
from perennial.customers.aliases import aliases
from perennial.customers.models import Customer
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.kernel.organisation.queries import house

AMENDED = "contract.amended"
TYPED = "typed"
UNDO_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Another quantity or price from a day on. `amount`: minor units for the whole quantity over `amount_months` (None:
    over the rest of the term); None: the unit price stays."""

    on: date
    quantity: int | None
    amount: int | None = None
    amount_months: int | None = None


@dataclass(frozen=True, kw_only=True)
class End:
    """Another end at the same fee a month: the first day without service, None open-ended."""

    ends_on: date | None


@dataclass(frozen=True, kw_only=True)
class Pause:
    """No service from a day until another (None: not known yet)."""

    on: date
    back_on: date | None


@dataclass(frozen=True, kw_only=True)
class Resume:
    """The pause that holds a day ends on it."""

    on: date


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Notice was given; it takes effect on a day (None: at the end of what is paid)."""

    cancelled_on: date
    effective_on: date | None
    reason: str = ""
    competitor: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Correct:
    """A mistake: the line was always so. Columns of Line by name."""

    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Steps that were agreed in advance, by day: each holds until the next, the last to the end of the term. Their
    movements carry the tag `ramp`: nobody's expansion."""

    steps: tuple[Terms, ...]


Change = Terms | Ramp | End | Pause | Resume | Cancel | Correct


class Overtaken(ValueError):
    """Another version was written since the one that the member saw. `now` is it, None where the line was taken back;
    `columns` are those in which they differ."""

    def __init__(self, seen: Line | None, now: Line | None) -> None:
        super().__init__("another version was written meanwhile")
        self.seen, self.now = seen, now
        both = seen is not None and now is not None
        self.columns = [c for c in COLUMNS if getattr(seen, c) != getattr(now, c)] if both else []


def planned(line: Line, change: Change, *, as_of: date) -> Draft:
    """Return what a change of a line (its current version) would write and do to the ledger; nothing is written.

    :raises LineError: the line does not allow it.
    """
    switches = facts.switches_of(house().policy_switches)
    try:
        writes, cancellation = _writes(line, change, switches)
    except NotAmendable as error:
        raise LineError(error.field, _reason(error)) from error
    on = change.on if isinstance(change, Terms | Pause | Resume) else _first_change(line, writes[0].new)
    if isinstance(change, Ramp):
        on = change.steps[0].on
    return draft(writes, on=on, as_of=as_of, cancellation=cancellation)


def _first_change(old: Line, new: Line) -> date:
    """Return the day from which a change of a whole line holds: the end that moved, else its first day."""
    ends = [day for day in (old.ends_on, new.ends_on, new.ceases_on, new.cancelled_on) if day is not None]
    moved = {c for c in COLUMNS if getattr(old, c) != getattr(new, c)}
    if moved <= {"ends_on", "cancelled_on", "ceases_on", "amount", "amount_months", "gift_months"} and ends:
        return min(ends)
    return min(old.starts_on, new.starts_on)


def _writes(line: Line, change: Change, switches: PolicySwitches) -> tuple[list[Write], dict[str, Any] | None]:
    terms = facts.terms_of(line)
    match change:
        case Terms():
            return _cut(line, terms, change, switches), None
        case Ramp():
            return _ramped(line, terms, change, switches), None
        case End():
            return [_next(line, terms, amendments.until(terms, change.ends_on, switches))], None
        case Pause():
            return [_next(line, terms, amendments.paused(terms, change.on, change.back_on))], None
        case Resume():
            return [_next(line, terms, amendments.resumed(terms, change.on))], None
        case Cancel():
            return _cancelled(line, change)
        case Correct():
            new = _copy(line)
            for name, value in change.values.items():
                setattr(new, name, value)
            return [Write(line, new)], None


def _cut(line: Line, terms: LineTerms, change: Terms, switches: PolicySwitches) -> list[Write]:
    if change.amount is None and change.quantity == line.quantity:
        raise LineError("quantity", _("Neither the quantity nor the price would change."))
    fact = uuid.uuid4()
    before, after = amendments.cut(terms, change.on, str(fact), switches)
    after = _agreed(after, change)
    return [_next(line, terms, before), _begun(line, terms, after), *_following(line, fact)]


def _ramped(line: Line, terms: LineTerms, change: Ramp, switches: PolicySwitches) -> list[Write]:
    """Cut the line at each step; the parts count their steps."""
    parts, first = [terms], terms.ramp_step or 1
    for number, step in enumerate(change.steps, start=1):
        if step.amount is None and step.quantity == parts[-1].quantity:
            raise LineError(f"quantity_{number}", _("Neither the quantity nor the price would change."))
        try:
            before, after = amendments.cut(parts[-1], step.on, str(uuid.uuid4()), switches)
            parts[-1:] = [replace(before, ramp_step=first + number - 1), _agreed(after, step, ramp_step=first + number)]
        except NotAmendable as error:
            raise LineError(f"{error.field}_{number}" if error.field else "", _reason(error)) from error
    begun = [_begun(line, terms, part) for part in parts[1:]]
    return [_next(line, terms, parts[0]), *begun, *_following(line, begun[-1].new.fact)]


def _agreed(line: LineTerms, step: Terms, ramp_step: int | None = None) -> LineTerms:
    """Return the line with what was agreed for it from its first day on."""
    if step.amount is not None:
        line = amendments.with_price(line, step.quantity, step.amount, step.amount_months)
    elif step.quantity is not None and step.quantity != line.quantity:
        line = amendments.with_quantity(line, step.quantity)
    return line if ramp_step is None else replace(line, ramp_step=ramp_step)


def _begun(line: Line, terms: LineTerms, part: LineTerms) -> Write:
    """Return the line that goes on with a part of another."""
    new = _copy(line)
    new.fact, new.source, new.external_id = uuid.UUID(part.line_key), TYPED, None
    _set(new, terms, part)
    return Write(None, new)


def _following(line: Line, fact: uuid.UUID) -> list[Write]:
    """Return what renewed the line as renewing the one that goes on with it."""
    followers = Line.objects.current().filter(renewal_of=line.fact).order_by("id")
    return [_pointing(one, fact) for one in followers]


def _pointing(line: Line, fact: uuid.UUID) -> Write:
    new = _copy(line)
    new.renewal_of = fact
    return Write(line, new)


def _cancelled(line: Line, change: Cancel) -> tuple[list[Write], dict[str, Any]]:
    if line.cancelled_on is not None:
        raise NotAmendable("", "cancelled", line.cancelled_on)
    if change.effective_on is not None and change.effective_on < change.cancelled_on:
        raise LineError("effective_on", _("It cannot take effect before the day of the notice."))
    if change.effective_on is not None and line.ends_on is not None and change.effective_on > line.ends_on:
        raise NotAmendable("effective_on", "after_the_end", line.ends_on)
    if line.ends_on is not None and change.cancelled_on > line.ends_on:
        raise NotAmendable("cancelled_on", "after_the_end", line.ends_on)
    new = _copy(line)
    new.cancelled_on, new.ceases_on = change.cancelled_on, change.effective_on
    return [Write(line, new)], {
        "customer_id": line.customer_id, "line_fact": line.fact, "cancelled_on": change.cancelled_on,
        "effective_on": change.effective_on, "reason": change.reason, "competitor": change.competitor,
        "comment": change.comment,
    }  # fmt: skip


def _copy(line: Line) -> Line:
    new = versions.next_of(line, at=line.learned_at)
    assert isinstance(new, Line)
    new.is_typed, new.import_id = True, None
    return new


def _next(line: Line, terms: LineTerms, becomes: LineTerms) -> Write:
    new = _copy(line)
    _set(new, terms, becomes)
    return Write(line, new)


def _set(line: Line, was: LineTerms, becomes: LineTerms) -> None:
    old, new = _columns(was), _columns(becomes)
    for name, value in new.items():
        if value != old[name]:
            setattr(line, name, value)


def _columns(terms: LineTerms) -> dict[str, Any]:
    off = terms.discount
    return {
        "amount": terms.amount_minor, "amount_months": terms.amount_months, "quantity": terms.quantity,
        "starts_on": terms.starts_on, "ends_on": terms.ends_on, "gift_months": terms.gift_months,
        "pauses": [[since.isoformat(), until and until.isoformat()] for since, until in terms.pauses],
        "ramp_step": terms.ramp_step, "renewal_of": uuid.UUID(terms.renewal_of) if terms.renewal_of else None,
        "overdue_since_on": terms.overdue_since, "is_amended": terms.is_amended,
        "term_starts_on": terms.term_starts_on,
        "discount_percent": _text(off.percent) if off and off.percent is not None else None,
        "discount_amount": off.amount_minor if off else None, "discount_months": off.months if off else None,
    }  # fmt: skip


def _text(share: Fraction) -> str:
    return str(share)


_REASONS = {
    "cancelled": gettext_lazy("Notice was given on %(day)s: correct the line where that is wrong."),
    "from_the_start": gettext_lazy("The line begins on %(day)s. What holds from its first day on is a correction."),
    "after_the_end": gettext_lazy("The line ends on %(day)s."),
    "within_discount": gettext_lazy(
        "A discount ends on %(day)s. Choose that day, or one that lies whole months before it."
    ),
    "no_unit_price": gettext_lazy("The line states no quantity, so it has no unit price. Type the new amount."),
    "no_whole_amount": gettext_lazy("At the same unit price the amount would not be whole. Type the new amount."),
    "no_term": gettext_lazy("The line has no end, so the amount cannot be for the rest of its term."),
    "too_fine": gettext_lazy("The amount cannot be kept exactly for these days. Type the new amount."),
    "before_the_start": gettext_lazy("The line begins on %(day)s and holds one day at least."),
    "open_already": gettext_lazy("The line has no end already."),
    "pause_backwards": gettext_lazy("The pause begins on %(day)s and cannot end before."),
    "outside_line": gettext_lazy("The line does not run then: its days end or begin on %(day)s."),
    "paused_already": gettext_lazy("The line is paused already from %(day)s on."),
    "not_paused": gettext_lazy("The line is not paused on this day."),
}


def _reason(error: NotAmendable) -> str:
    return str(_REASONS[error.reason]) % {"day": error.day}


@transaction.atomic
def amend(line_fact: uuid.UUID, change: Change, *, seen: int, by: int, at: datetime) -> int:
    """Write a change of a line that the member saw in version `seen`; return the journal entry, by which it is undone.

    The customer's movements are in step when it returns; the rest follows by reaction.

    :raises LineError: the line does not allow it.
    :raises Overtaken: somebody else wrote another version meanwhile.
    """
    on = house().today(at)
    customer_id = Line.objects.filter(pk=seen, fact=line_fact).values_list("customer_id", flat=True).get()
    _lock([customer_id])
    line = Line.objects.current().filter(fact=line_fact).first()
    if line is None or line.pk != seen:
        raise Overtaken(Line.objects.filter(pk=seen).first(), line)
    return write(planned(line, change, as_of=on), kind=type(change).__name__.lower(), by=by, at=at)


def _lock(customer_ids: Sequence[int]) -> None:
    """Let one change of these customers, and of those linked with them, happen at a time."""
    merged = aliases()
    ids = merged.family(actions.linked({merged.of(one) for one in customer_ids}, merged))
    list(Customer.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))


@transaction.atomic
def write(done: Draft, *, kind: str, by: int, at: datetime) -> int:
    """Write a draft, with its entry in the journal and the movements; return the entry."""
    Line.objects.supersede([one.old.fact for one in done.writes if one.old is not None], at=at)
    written = []
    for one in done.writes:
        one.new.learned_at = at
        one.new.save()
        written.append([str(one.new.fact), one.old and one.old.pk, one.new.pk])
    cancellation = None
    if done.cancellation is not None:
        row = Cancellation(source=TYPED, learned_at=at, **done.cancellation)
        row.save()
        cancellation = str(row.fact)
    first = done.writes[0].new
    data = {"change": kind, "on": done.on.isoformat(), "contract": first.contract_id, "line": str(first.fact),
            "versions": written, "cancellation": cancellation}  # fmt: skip
    entry = journal.record(AMENDED, customer_id=first.customer_id, subject=f"contract:{first.contract_id}", by=by,
                           at=at, data=data)  # fmt: skip
    _count({one.new.customer_id for one in done.writes}, at)
    return entry


def _count(customer_ids: set[int], at: datetime) -> None:
    try:
        actions.rebuild_movements(sorted(customer_ids), on=house().today(at))
    except actions.TooFine as error:
        raise LineError("", str(error)) from error


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> bool:
    """Take back an own change of the last 24 hours: each line gets its former version again as the next one, and a line
    that it began is gone. Return False where there is no such change, or it was taken back before.

    :raises LineError: a line of it was changed again since.
    """
    entry = past.entry(entry_id)
    if entry is None or entry.kind != AMENDED or entry.by_id != by or at - entry.at > UNDO_WITHIN:
        return False
    touched = entry.data.get("versions")
    if touched is None:
        return False  # a change of the paper (papers.undo), or of nothing
    olds = Line.objects.in_bulk([old for _fact, old, _new in touched if old is not None])
    news = Line.objects.in_bulk([new for _fact, _old, new in touched])
    customer_ids = {line.customer_id for line in (*olds.values(), *news.values())}
    _lock(sorted(customer_ids))
    current = dict(Line.objects.current().filter(fact__in=[one[0] for one in touched]).values_list("fact", "pk"))
    if "undone" in entry.data or past.is_undone(entry):
        return False
    if any(current.get(uuid.UUID(fact)) != new for fact, _old, new in touched):
        raise LineError("", _("A line of this change was changed again since, so it is not taken back."))
    Line.objects.supersede([uuid.UUID(fact) for fact, _old, _new in touched], at=at)
    for _fact, old, _new in touched:
        if old is not None:
            back = versions.next_of(olds[old], at=at)
            back.save()
    if entry.data.get("cancellation"):
        Cancellation.objects.supersede([uuid.UUID(entry.data["cancellation"])], at=at)
    journal.record(AMENDED, customer_id=entry.customer_id, subject=entry.subject, by=by, at=at,
                   data={"change": "undone", "undone": entry_id, "contract": entry.data["contract"]})  # fmt: skip
    _count(customer_ids, at)
    return True
