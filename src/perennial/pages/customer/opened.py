"""What opens in the customer file besides its numbers: a measure of the score (definition, value with time and source,
curve, what it adds), and a reason of Today (its rule as a tree)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.http import require_GET

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Measure, MissingPolicy
from perennial.customers.catalogue import COLUMNS, FIELDS
from perennial.health.queries import Evidence
from perennial.pages import tags
from perennial.pages.customer import drawings, measures, words
from perennial.pages.customer.explain import inputs_of
from perennial.pages.customer.page import find
from perennial.pages.customer.trees import Grower
from perennial.pages.customer.words import MEANS_OF, SOURCES
from perennial.reports import customer_file, inputs, score


@require_GET
def page(request: HttpRequest, key: str, metric: str) -> HttpResponse:
    """Answer with one measure of the customer's score, opened."""
    file = find(request, key)
    found = score.of(file.customer.pk, file.fields)
    share = next((one for one in score.shares(found) if one.measure.key == metric), None) if found else None
    if found is None or share is None:
        raise Http404
    part = share.part
    told = {} if share.mark == "untold" else _value(found, part)
    room, read = inputs.behind(file, metric)
    return render(request, "customer/measure.html", {
        "share": share,
        "part": part,
        "title": part["label"],
        "definition": part["definition"],
        "curve": _curve(share.measure, part),
        "freshness": _freshness(share.measure, part),
        "counted": _counted(share.measure, share),
        "mean_of": MEANS_OF[part["mean_of"] or "segment"],
        "inputs": inputs_of(read, file.house.currency),
        "source": SOURCES[room],
        "scored_on": found.on,
        "computed_at": found.computed_at,
        "inputs_on": file.on if file.on != found.on else None,
        "version": found.told["scorecard"]["version"],
        "is_rounded": _is_rounded(share),
        **told,
    })  # fmt: skip


def _is_rounded(share: score.Share) -> bool:
    """Return whether the printed contribution is not the plain product of the printed figures beside it."""
    if share.part["effective"] is None:
        return False
    plain = share.weight / 100 * (Decimal(share.part["effective"]) - Decimal(share.part["mean"]))
    return round(plain, 1) != share.contribution


def _value(found: Evidence, part: Mapping[str, Any]) -> dict[str, Any]:
    if part["value"] is None:
        return {"value": ""}
    age = part["age_days"]
    seen_on = None if age is None else found.on - timedelta(days=round(age))
    return {"value": measures.value(part["key"], part["value"]), "seen": _seen(seen_on, found.on)}


def _seen(seen_on: date | None, scored_on: date) -> str:
    if seen_on is None:
        return ""
    if seen_on == scored_on:
        return gettext("as of %(day)s") % {"day": tags.day(seen_on)}
    days = (scored_on - seen_on).days
    return ngettext("known since %(day)s, %(count)s day old", "known since %(day)s, %(count)s days old", days) % {
        "day": tags.day(seen_on), "count": days}  # fmt: skip


def _curve(measure: Measure, part: Mapping[str, Any]) -> Any:
    value, points = part["value"], part["points"]
    mean = tags.number(Decimal(part["mean"]), 1)
    said = {"value": measures.value(measure.key, value), "points": points, "mean": mean}
    label = gettext("Curve from value to points: %(value)s gives %(points)s points") if value is not None else gettext(
        "Curve from value to points; the mean is %(mean)s points")  # fmt: skip
    return drawings.curve(drawings.Curve(
        points=measure.points,
        value=value,
        gives=None if points is None else float(points),
        mean=float(part["mean"]),
        ticks=[measures.tick(measure.key, x) for x, _ in measure.points],
        value_text="" if points is None else tags.number(Decimal(points), 1),
        mean_text=gettext("mean %(mean)s") % said,
        label=label % said,
    ))  # fmt: skip


def _freshness(measure: Measure, part: Mapping[str, Any]) -> str:
    """Say how much the value still counts, and how long it would."""
    said = {"fresh": measure.fresh_days, "most": measure.max_age_days, "trust": tags.percent(part["trust"])}
    if part["trust"] >= 1:
        return (
            gettext("Counts wholly: fresh for %(fresh)s days, then less each day, nothing from day %(most)s on.") % said
        )
    if part["trust"]:
        return (
            gettext("Counts by %(trust)s: fresh for %(fresh)s days, then less each day, nothing from day %(most)s on.")
            % said
        )
    if part.get("age_days") is not None:
        return gettext("Too old to count: fresh for %(fresh)s days, nothing from day %(most)s on.") % said
    return gettext("Never observed.")


_STANDS_IN = {
    MissingPolicy.ASSUME_SEGMENT_MEAN: "mean", MissingPolicy.WORST: "worst", MissingPolicy.RENORMALISE: "others",
    MissingPolicy.NOT_APPLICABLE: "mean",
}  # fmt: skip


def _counted(measure: Measure, share: score.Share) -> str:
    """Say what stands in for the part of a value that is not known; "" where the value counts wholly."""
    part = share.part
    if part["trust"] >= 1 or share.mark == "untold":
        return ""
    if not share.weight:
        return gettext("Left out: it does not apply to this customer, and its weight went to the other measures.")
    said = {"effective": tags.number(Decimal(part["effective"]), 1), "rest": tags.percent(1 - part["trust"])}
    match _STANDS_IN[measure.missing]:
        case "worst":
            return gettext("For the missing %(rest)s nought stands in: counted as %(effective)s points.") % said
        case "others":
            return (
                gettext(
                    "The missing %(rest)s of its weight went to the other measures: counted as %(effective)s points."
                )
                % said
            )
    return gettext("For the missing %(rest)s the mean stands in: counted as %(effective)s points.") % said


@require_GET
def why(request: HttpRequest, key: str, rule: str) -> HttpResponse:
    """Answer with one reason for which the customer is on Today: its rule as a tree, with what the row says to it."""
    file = find(request, key)
    asked = next((one for one in blueprint.today_rules() if one.key == rule), None)
    reasons = customer_file.reasons_of(file)
    found = next((one for one in reasons if one.rule == rule), None)
    if asked is None or found is None:
        raise Http404
    values = {name: getattr(file.row, column) for name, column in COLUMNS.items()}
    values["tags"] = [tag for tag in file.row.tags.split("\n") if tag]
    ordering = FIELDS.get(asked.orders_by or "")
    text, step = words.reason(found, file.row.currency)
    return render(request, "customer/why.html", {
        "title": asked.label.text(get_language() or "en"),
        "text": text,
        "step": step,
        "branch": Grower(file.fields, values, file.on, file.row.currency).branch(asked.when),
        "source": SOURCES.get(ordering.source, "") if ordering else "",
        "as_of": file.row.as_of_on,
    })  # fmt: skip
