"""What members found of a term: its causes and marks with what shows them, and why it ended as it did. Nothing is
changed afterwards: the latest word counts, and the earlier ones stay to be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers.aliases import aliases
from perennial.kernel.journal import actions as journal
from perennial.renewals.models import Finding, RenewalCause
from perennial.renewals.terms import CAUSES, MARKS, RENEWED, About, Decided, Found, Outcome, Place, Said

MOST_TEXT = 500


class FindingError(ValueError):
    """What was said cannot be kept; the message says why and what to do."""


@transaction.atomic
def find(said: Said, *, customer_id: int, due_on: date, by: int, at: datetime) -> int:
    """Record what a member found of a cause or a mark; return its id. Two queries.

    :raises FindingError: no evidence, a text too long, a rating that does not exist, a discount without its size, or a
        link that is no address.
    """
    about, text, link = said.about, _evidence(said.evidence), said.link.strip()
    if said.rating is not None and said.rating not in ((-1, 0, 1) if about in CAUSES else (0, 1)):
        raise FindingError(_("Choose one of the ratings."))
    percent = said.percent if about is About.DISCOUNT and said.rating == 1 else None
    if about is About.DISCOUNT and said.rating == 1 and not (percent and 0 < percent <= 100):
        raise FindingError(_("Say how much discount: more than 0 and at most 100 percent."))
    if link and (not link.startswith(("https://", "http://")) or len(link) > MOST_TEXT):
        raise FindingError(_("A link begins with https:// and has at most %(most)d characters.") % {"most": MOST_TEXT})
    row = Finding.objects.create(customer_id=customer_id, due_on=due_on, about=about, rating=said.rating,
                                 percent=percent, evidence=text, link=link, by_id=by, at=at)  # fmt: skip
    journal.record("renewal.found", customer_id=customer_id, by=by, at=at, personal={"evidence": text},
                   data={"due_on": due_on.isoformat(), "about": about.value, "rating": said.rating})  # fmt: skip
    return int(row.pk)


@transaction.atomic
def decide(
    *, customer_id: int, due_on: date, outcome: Outcome, cause: About, text: str, by: int, at: datetime
) -> int:  # fmt: skip
    """Record why a term renewed or was lost; return its id. Two queries.

    :raises FindingError: the term is still open, a mark instead of a cause, or nothing that shows it.
    """
    if outcome is Outcome.OPEN:
        raise FindingError(_("This term is still open: its cause is known when it has renewed or is lost."))
    if cause not in CAUSES:
        raise FindingError(_("Choose one of the four causes."))
    said = _evidence(text)
    row = RenewalCause.objects.create(customer_id=customer_id, due_on=due_on, outcome=outcome, cause=cause, text=said,
                                      by_id=by, at=at)  # fmt: skip
    journal.record("renewal.decided", customer_id=customer_id, by=by, at=at, personal={"text": said},
                   data={"due_on": due_on.isoformat(), "outcome": outcome.value, "cause": cause.value})  # fmt: skip
    return int(row.pk)


def latest(customer_ids: Sequence[int], *, at: datetime | None = None) -> dict[Place, dict[About, Found]]:
    """Return what counts for each term of the customers (those merged into them among them), of what was found up to
    `at` (None: all). Two queries for 500 customers."""
    merged = aliases()
    found: dict[Place, dict[About, Found]] = defaultdict(dict)
    for chunk in _chunks(merged.family(customer_ids)):
        rows = Finding.objects.filter(customer_id__in=chunk).select_related("by")
        for row in (rows if at is None else rows.filter(at__lte=at)).order_by("at", "id"):
            found[merged.of(row.customer_id), row.due_on][About(row.about)] = _found(row)
    return dict(found)


def history(customer_id: int, due_on: date) -> list[Found]:
    """Return all that was found of a term, the latest first. Two queries."""
    rows = Finding.objects.filter(customer_id__in=aliases().family([customer_id]), due_on=due_on)
    return [_found(row) for row in rows.select_related("by").order_by("-at", "-id")]


def decided(customer_ids: Sequence[int]) -> dict[Place, Decided]:
    """Return why each term of the customers ended as it did, where somebody said so. Two queries for 500 customers."""
    merged = aliases()
    found: dict[Place, Decided] = {}
    for chunk in _chunks(merged.family(customer_ids)):
        for row in RenewalCause.objects.filter(customer_id__in=chunk).select_related("by").order_by("at", "id"):
            told = Decided(Outcome(row.outcome), About(row.cause), row.text, row.by.name, row.at)
            found[merged.of(row.customer_id), row.due_on] = told
    return found


def rests_on(found: dict[About, Found], outcome: Outcome) -> tuple[About, ...]:
    """Return the marks that a renewal rests on; none where it did not renew. Such a renewal proves no service value."""
    return tuple(mark for mark in MARKS if outcome in RENEWED and mark in found and found[mark].rating == 1)


def weakest(found: dict[About, Found]) -> About | None:
    """Return the cause that is rated lowest, of equals the first; None where nobody rated one."""
    rated = [(found[cause].rating, at) for at, cause in enumerate(CAUSES) if cause in found]
    known = [(rating, at) for rating, at in rated if rating is not None]
    return CAUSES[min(known)[1]] if known else None


def _evidence(text: str) -> str:
    said = " ".join(text.split())
    if not said:
        raise FindingError(_("Say what shows it: a rating without evidence proves nothing."))
    if len(said) > MOST_TEXT:
        raise FindingError(_("Evidence has at most %(most)d characters.") % {"most": MOST_TEXT})
    return said


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def _found(row: Finding) -> Found:
    return Found(About(row.about), row.rating, row.evidence, row.link, row.percent, row.by.name, row.at)
