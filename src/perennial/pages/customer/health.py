"""The health of one customer as the file shows it: what made the band, the thresholds drawn, every measure, the way out
of grey. What a measure opens to is in `opened.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

from perennial.blueprint.terms import Band, Scorecard, Veto
from perennial.customers.catalogue import FIELDS
from perennial.health.queries import Evidence
from perennial.health.terms import BandCause, BandReason
from perennial.kernel.conditions.terms import FieldType, fields_of
from perennial.lifecycle.queries import tier_named
from perennial.pages import tags
from perennial.pages.customer import drawings, measures
from perennial.pages.customer.trees import Branch, Grower
from perennial.pages.customer.words import BANDS, share_known
from perennial.reports import score
from perennial.reports.customer_file import File

LARGEST = 5
WIDER = {
    Band.GREEN: gettext_lazy("Green: %(score)s is at least %(low)s."),
    Band.YELLOW: gettext_lazy("Yellow: %(score)s lies between %(low)s and %(high)s."),
    Band.RED: gettext_lazy("Red: %(score)s is below %(high)s."),
}
STAYS_ABOVE: Mapping[Band, str | Promise] = {
    Band.GREEN: gettext_lazy("Green: %(score)s is below %(low)s, but hysteresis keeps it green down to %(falls)s."),
    Band.YELLOW: gettext_lazy("Yellow: %(score)s is below %(low)s, but hysteresis keeps it yellow down to %(falls)s."),
}
STAYS_BELOW: Mapping[Band, str | Promise] = {
    Band.YELLOW: gettext_lazy(
        "Yellow: %(score)s would be green from %(high)s; hysteresis keeps it yellow until %(rises)s."
    ),
    Band.RED: gettext_lazy("Red: %(score)s would be yellow from %(high)s; hysteresis keeps it red until %(rises)s."),
}
NEXT: Mapping[Band, str | Promise] = {
    Band.GREEN: gettext_lazy("It turns yellow below %(falls)s."),
    Band.YELLOW: gettext_lazy("It turns red below %(falls)s and green from %(rises)s."),
    Band.RED: gettext_lazy("It turns yellow from %(rises)s."),
}
CAPPED = {
    Band.YELLOW: gettext_lazy("Yellow because of a veto. By its score of %(score)s alone it would be %(band)s."),
    Band.RED: gettext_lazy("Red because of a veto. By its score of %(score)s alone it would be %(band)s."),
}


@dataclass(frozen=True)
class Capping:
    """A veto that was met, in words: its name, the best band that it leaves, whether that is what shows, the reason."""

    label: str
    cap: str | Promise
    binds: bool
    branch: Branch | None


@dataclass(frozen=True)
class Step:
    """A way out of grey: the measure, what it adds to the known weight (percent), what to do and where. `is_enough`: it
    does alone, where not every one does."""

    label: str
    gain: Decimal
    is_enough: bool
    is_stale: bool
    advice: str | Promise
    action: str


def because(reason: BandReason, told: Mapping[str, Any], card: Scorecard) -> tuple[str, str]:
    """Return why the band is what it is, and where the next run leaves it ("" for grey), in sentences."""
    if reason.cause is BandCause.COVERAGE or reason.scored_band is None:
        known = {"share": share_known(told["coverage"]), "least": tags.percent(card.least_coverage)}
        return gettext("Grey: %(share)s of the weight is known, and a colour needs %(least)s.") % known, ""
    scored = reason.scored_band
    said = {
        "score": tags.number(Decimal(told["score"]), 1), "band": str(BANDS[scored.value]).lower(),
        "low": _edge(reason.from_score), "high": _edge(reason.until_score),
        "falls": _edge(reason.falls_below), "rises": _edge(reason.rises_from),
    }  # fmt: skip
    after = str(NEXT[scored]) % said
    if reason.cause is BandCause.VETO:
        return str(CAPPED[reason.band]) % said, ""
    if reason.cause is BandCause.THRESHOLD:
        return str(WIDER[scored]) % said, after
    below = reason.from_score is not None and Decimal(told["score"]) < Decimal(str(reason.from_score))
    return str((STAYS_ABOVE if below else STAYS_BELOW)[scored]) % said, after


def _edge(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def cappings(found: Evidence, file: File) -> list[Capping]:
    """Return the vetoes that were met on the day of the score, those that lower the band first."""
    rules = {veto.key: veto for veto in found.card.vetoes}
    made = [_capping(veto, rules.get(veto["key"] or ""), found, file) for veto in found.told["vetoes"]]
    return sorted(made, key=lambda one: not one.binds)


def _capping(told: Mapping[str, Any], rule: Veto | None, found: Evidence, file: File) -> Capping:
    label = told["label"] or gettext("A rule on a figure that you may not see")
    binds = found.reason.cause is BandCause.VETO and told["cap"] == found.told["band"]
    branch = None
    if rule is not None:
        values = {key: _restored(key, told["values"].get(key)) for key in fields_of(rule.when)}
        branch = Grower(file.fields, values, found.on, file.row.currency).branch(rule.when)
    return Capping(label, BANDS[told["cap"]], binds, branch)


def chosen(found: Evidence, file: File) -> Branch | None:
    """Return the rule by which the scorecard was chosen, with the values that it found; None where it has none."""
    if found.when is None:
        return None
    told = found.told["scorecard"]["values"]
    values = {key: _restored(key, told.get(key)) for key in fields_of(found.when)}
    return Grower(score.fields_of_rules(file.fields), values, found.on, file.row.currency).branch(found.when)


def _restored(key: str, value: Any) -> Any:
    """Return a value of a veto or a rule as it was compared: it is kept as plain JSON."""
    field = FIELDS.get(key) or score.CARD_FIELDS.get(key)  # None: a metric of one's own that has no values (any more)
    match field and field.type:
        case FieldType.TAGS:
            return tuple(value or ())
        case FieldType.DATE if isinstance(value, str):
            return date.fromisoformat(value)
        case FieldType.INTEGER | FieldType.NUMBER if isinstance(value, str):
            return Fraction(value)
    return value


def scale(found: Evidence) -> Any:
    """Draw the bands with their thresholds, the score with its error, and where the next run leaves the band."""
    told, reason = found.told, found.reason
    return drawings.scale(drawings.Scale(
        edges=score.thresholds(found.card),
        words=(gettext("Red"), gettext("Yellow"), gettext("Green")),
        score=float(told["score"]) if told["score"] else None,
        error=float(told["error"] or 0),
        is_coloured=reason.cause is not BandCause.COVERAGE,
        moved=[edge for edge in (reason.falls_below, reason.rises_from) if edge is not None],
        label=because(reason, told, found.card)[0],
    ))  # fmt: skip


def weeks(found: Evidence) -> Any:
    """Draw the thirteen weeks up to the day of the score over the bands."""
    values = [float(week) if week is not None else None for week in found.told["weekly"]]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    said = {"first": tags.number(known[0], 1), "last": tags.number(known[-1], 1)}
    return drawings.weeks(drawings.Weeks(
        edges=score.thresholds(found.card),
        values=values,
        first=tags.day(found.on - timedelta(weeks=len(values) - 1), "short"),
        last=tags.day(found.on, "short"),
        value=said["last"],
        label=gettext("Score of the last 13 weeks: from %(first)s to %(last)s") % said,
    ))  # fmt: skip


def steps(found: Evidence, file: File) -> tuple[list[Step], str]:
    """Return the ways out of grey, and in a sentence how many of them suffice; nothing for a score with a colour."""
    if found.reason.cause is not BandCause.COVERAGE:
        return [], ""
    tier = tier_named(file.row.tier)
    ways = [way for way in score.ways_out(found)
            if way.measure.key != "touch_ratio" or (tier is not None and tier.touch_every_days)]  # fmt: skip
    lacking = score.needed(found)
    count = score.how_many_suffice(ways, lacking)
    said = {"lacking": tags.percent(lacking, 1), "count": count}
    any_does = all(way.is_enough for way in ways)
    if any_does:
        text = gettext("%(lacking)s of the weight is lacking. Fresh data for any one of these is enough:") % said
    else:
        text = ngettext("%(lacking)s of the weight is lacking. Fresh data for the first of these is enough:",
                        "%(lacking)s of the weight is lacking. Fresh data for the first %(count)s of these is enough:",
                        count) % said  # fmt: skip
    return [_step(way, is_told=not any_does) for way in ways], text if ways else ""


def _step(way: score.Way, *, is_told: bool) -> Step:
    text, action = measures.advice(way.measure.key)
    language = get_language() or "en"
    gain = Decimal(round(1000 * way.gain)).scaleb(-1)
    return Step(way.measure.label.text(language), gain, way.is_enough and is_told, way.is_stale, text, action)


def rows(found: Evidence) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the score's parts by group, as the table writes them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for share in score.shares(found):
        groups.setdefault(share.part["group"], []).append(_row(share))
    return list(groups.items())


def _row(share: score.Share) -> dict[str, Any]:
    part = share.part
    return {
        "key": part["key"],
        "label": part["label"],
        "value": measures.value(part["key"], part["value"]),
        "points": None if part["points"] is None else Decimal(part["points"]),
        "mean": Decimal(part["mean"]),
        "mean_of": part["mean_of"] or part["assumed_from"] or "segment",
        "weight": share.weight,
        "contribution": share.contribution,
        "x": 100 if share.contribution >= 0 else 100 - share.reach,
        "width": share.reach,
        "mark": share.mark if share.weight else "left_out",
    }


def largest(groups: Sequence[tuple[str, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Return what moves the score most, the widest first; what adds nothing is left out."""
    every = [row for _group, of_group in groups for row in of_group if row["contribution"]]
    return sorted(every, key=lambda row: -abs(row["contribution"]))[:LARGEST]


def context(file: File, found: Evidence | None) -> dict[str, Any]:
    """Return what the health card and the health tab show; no query. `found` None: not scored."""
    if found is None:
        return {"health": None}
    told = found.told
    why, after = because(found.reason, told, found.card)
    groups = rows(found)
    ways, lacking = steps(found, file)
    return {
        "health": told,
        "why": why,
        "after": after,
        "cappings": cappings(found, file),
        "chosen": chosen(found, file),
        "is_one_of_several": found.is_one_of_several,
        "scale": scale(found) if told["score"] else "",
        "weeks": weeks(found),
        "groups": groups,
        "largest": largest(groups),
        "total": sum((row["contribution"] for _group, parts in groups for row in parts), Decimal()),
        "weight": sum((row["weight"] for _group, parts in groups for row in parts), Decimal()),
        "known": share_known(told["coverage"]),
        "edges": [_edge(edge) for edge in (found.card.yellow_from, found.card.green_from, found.card.hysteresis)],
        "least": tags.percent(found.card.least_coverage),
        "scored_on": found.on,
        "computed_at": found.computed_at,
        "ways": ways,
        "lacking": lacking,
    }
