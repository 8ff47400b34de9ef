"""Reads of the lifecycle: tier and stage of every customer on a day, derived from contracts, never typed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from django.db.models import Min

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import StageRule, Tier
from perennial.contracts import queries as contracts
from perennial.customers.models import Customer
from perennial.kernel.organisation.queries import house
from perennial.lifecycle.calculations import tiers
from perennial.lifecycle.calculations.products import FirstValue, current_terms
from perennial.lifecycle.calculations.stages import customer_stage
from perennial.lifecycle.calculations.tiers import tier_of
from perennial.lifecycle.models import Passage
from perennial.lifecycle.terms import CustomerStage, ProductTerm


@dataclass(frozen=True)
class Standing:
    """A customer's tier and stage on a day; `tier` None: no revenue is known, or no preset has the currency.

    `stage` None: no term runs, was left open within the grace, or is signed. `first_value_on`: None while not reached.
    """

    tier: str | None
    stage: str | None
    stage_since_on: date | None
    onboarding_started_on: date | None
    first_value_on: date | None


@dataclass(frozen=True)
class Stay:
    """A customer's time in a tier or stage; `left_on` None: still there."""

    scale: str
    value: str
    entered_on: date
    left_on: date | None


def standing(on: date, customer_ids: Sequence[int] | None = None, *, terms: Terms | None = None) -> dict[int, Standing]:
    """Return tier and stage of each customer on a day, past or present; nine queries, however many customers.

    ACV is the ARR of the day (M5); without a preset in the organisation's currency nobody has a tier. `terms` are those
    read before for the same customers: then one query, or none where they were asked for this day just before.
    """
    terms = terms or Terms.read(customer_ids)
    if on not in terms.stood:
        terms.stood.clear()
        terms.stood[on] = _standing(terms, on)
    return terms.stood[on]


def _standing(terms: Terms, on: date) -> dict[int, Standing]:
    revenue = terms.book.standing(on)
    currency, presets = house().currency, blueprint.tier_presets(on)
    found = {}
    for customer_id, (_segment, first_value_on) in terms.customers.items():
        known = revenue.get(customer_id)
        tier = tier_of(known.arr if known else None, currency, presets)
        stage = terms.stage(customer_id, on)
        found[customer_id] = Standing(
            tier=tier.key if tier else None,
            stage=stage.stage.value if stage else None,
            stage_since_on=stage.since_on if stage else None,
            onboarding_started_on=stage.onboarding_started_on if stage else None,
            first_value_on=first_value_on if first_value_on is not None and first_value_on <= on else None,
        )
    return found


def passages_of(customer_id: int) -> list[Stay]:
    """Return a customer's tiers and stages over time, the latest first; one query."""
    rows = Passage.objects.filter(customer_id=customer_id).order_by("-entered_on", "-id")
    return [Stay(scale=p.scale, value=p.value, entered_on=p.entered_on, left_on=p.left_on) for p in rows]


def tier_by_revenue(arr: Fraction | None, currency: str, on: date | None = None) -> Tier | None:
    """Return the tier of an ARR in minor units by the tiers of a day (None: the present); None where it is unknown or
    no preset has the currency. No query."""
    return tier_of(arr, currency, blueprint.tier_presets(on))


def touch_ratio(last_touch_on: date | None, tier: Tier | None, on: date) -> Fraction | None:
    """Return the silence divided by the tier's rhythm (1 is due today); None where either is unknown. No query."""
    return tiers.touch_ratio(last_touch_on, tier, on)


def tier_named(key: str | None) -> Tier | None:
    """Return the tier of a key with its wording and rhythm, None for none. No query."""
    return next((t for preset in blueprint.tier_presets() for t in preset.tiers if t.key == key), None)


@dataclass(frozen=True, slots=True)
class TermOn:
    """What of a customer's terms a score asks on a day: whether there is any, whether any ends, and the first end of
    those that are not renewed yet (None: all are, or none ends)."""

    is_there: bool
    ends: bool
    open_until: date | None


@dataclass(frozen=True)
class Terms:
    """What the stages are derived from, read once for any number of days. `book`: the contracts behind them."""

    customers: Mapping[int, tuple[str | None, date | None]]  # segment, first value
    book: contracts.Book
    lines: Mapping[int, Sequence[contracts.ProductLine]]
    recorded_from: date | None
    told: dict[date, dict[int, list[ProductTerm]]] = field(default_factory=dict, repr=False, compare=False)
    stood: dict[date, dict[int, Standing]] = field(default_factory=dict, repr=False, compare=False)
    rules: dict[tuple[str | None, date | None], StageRule] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, customer_ids: Sequence[int] | None = None, *, book: contracts.Book | None = None) -> Terms:
        """Read lines, segments and first values; seven queries, eight for some customers, two with a book at hand."""
        everyone = Customer.objects.filter(merged_into=None)
        rows = everyone if customer_ids is None else everyone.filter(id__in=customer_ids)
        book = book or contracts.Book.read(customer_ids)
        customers = {c: (segment, day) for c, segment, day in rows.values_list("id", "segment", "first_value_on")}
        own = contracts.graces({number: segment for number, (segment, _day) in customers.items()}, book.switches)
        return cls(
            customers=customers,
            book=book,
            lines={
                number: [_with_grace(one, own.of(number)) for one in lines]
                for number, lines in book.product_lines().items()
            },
            recorded_from=everyone.aggregate(first=Min("first_value_on"))["first"],
        )

    def of(self, customer_id: int, on: date) -> list[ProductTerm]:
        """Return the current term of each of a customer's products on a day; the last day asked for is kept."""
        if on not in self.told:
            self.told.clear()
            self.told[on] = {}
        told = self.told[on]
        if customer_id not in told:
            told[customer_id] = self._of(customer_id, on)
        return told[customer_id]

    def _of(self, customer_id: int, on: date) -> list[ProductTerm]:
        first_value_on = self.customers[customer_id][1]
        recorded_from = self.recorded_from if self.recorded_from is not None and self.recorded_from <= on else None
        value = FirstValue(reached_on=first_value_on, recorded_from=recorded_from)
        return current_terms(self.lines.get(customer_id, ()), self.rule(customer_id, on), value, on)

    def stage(self, customer_id: int, on: date) -> CustomerStage | None:
        """Return a customer's stage on a day, None where no term runs, is within its grace, or is signed."""
        return customer_stage(self.of(customer_id, on), self.rule(customer_id, on), on)

    def days_behind(self, customer_id: int, on: date) -> int | None:
        """Return by how many days a renewal is unsigned past the end of its term; 0 while it runs or once it is signed.

        None where no term of the customer ends.
        """
        ending = [term for term in self.of(customer_id, on) if term.ends_on is not None]
        behind = [(on - t.ends_on).days for t in ending if t.ends_on and (t.renewed_on is None or t.renewed_on > on)]
        return max([0, *behind]) if ending else None

    def over(self, customer_id: int, days: Sequence[date]) -> list[TermOn]:
        """Return what `of` and `days_behind` say of a customer on each of the days (ascending). Between two days on
        which something of a line begins or ends nothing changes, so it is asked once there."""
        lines = self.lines.get(customer_id, ())
        told = (day for x in lines for day in (x.starts_on, x.ends_on, x.late_until, x.signed_on))
        cuts = sorted({day for day in told if day is not None})
        found: list[TermOn] = []
        before = -1
        for day in days:
            place = bisect_right(cuts, day)
            found.append(found[-1] if place == before else self._term_on(customer_id, day))
            before = place
        return found

    def _term_on(self, customer_id: int, on: date) -> TermOn:
        terms = self._of(customer_id, on)
        ending = [(one.ends_on, one.renewed_on) for one in terms if one.ends_on is not None]
        open_on = [end for end, renewed_on in ending if renewed_on is None or renewed_on > on]
        return TermOn(bool(terms), bool(ending), min(open_on, default=None))

    def rule(self, customer_id: int, on: date | None = None) -> StageRule:
        """Return the stage rule of a customer's segment as of a day (None: the present), by its key or any of its
        names; the first for all others."""
        key = self.customers[customer_id][0], on
        if key not in self.rules:
            self.rules[key] = blueprint.stage_rule_of(*key)
        return self.rules[key]


def _with_grace(line: contracts.ProductLine, grace: contracts.Grace) -> contracts.ProductLine:
    return replace(line, late_until=None if line.ends_on is None else grace.over_on(line.ends_on))
