"""The editor of the scorecards: the text as a form, and what the form would change among the customers, before it does.

What comes out goes the way of every text of the blueprint: compared, given a reason, put in force as a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from perennial.blueprint import drafts, queries
from perennial.blueprint.scorecard_terms import Preset
from perennial.blueprint.terms import BlueprintError
from perennial.health.trying import CannotTry
from perennial.kernel.money import decimal_string
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.pages.customer.words import BANDS
from perennial.pages.files import TYPES, download
from perennial.pages.settings import configuration, problems, scorecard_form, scorecard_parts, tabs
from perennial.pages.settings.forms import ReasonForm
from perennial.reports import score_preview, sheets

PART = "scorecard"
POLICIES = {
    "assume_segment_mean": _("Mean of the segment"),
    "renormalise": _("Others count more"),
    "worst": _("Counts as 0"),
    "not_applicable": _("Does not apply"),
}
DIRECTIONS = {"up": _("More is better"), "down": _("Less is better"), "band": _("A range is best")}
EDGES = {
    "yellow_from": _("Yellow from"),
    "green_from": _("Green from"),
    "hysteresis": _("Hysteresis"),
    "least": _("Least, for a colour"),
    "medium": _("Medium confidence from"),
    "high": _("High confidence from"),
}


@require_http_methods(["GET", "POST"])
def editor(request: HttpRequest) -> HttpResponse:
    """Show the scorecards in force as a form; show what the form changes in the text, before it is put in force."""
    if request.method == "GET":
        wanted = request.GET.get("preset", "")
        preset = next((one for one in queries.scorecard_presets() if one.key == wanted), None)
        if wanted and preset is None:
            raise Http404
        draft = None if preset else drafts.draft_of(PART, tabs.member_of(request).pk)
        text = preset.text if preset else draft.text if draft else queries.text_in_force(PART)
        return _shown(request, text, request.GET.get("card", ""), preset=preset)
    return _asked(request)


def _asked(request: HttpRequest) -> HttpResponse:
    """Do what a button of the form asks: another scorecard, a part more or less, or to see what changes."""
    base, card = request.POST.get("text", "").replace("\r\n", "\n"), request.POST.get("card", "")
    given = request.POST.dict()
    if given.get("do") == "discard":
        drafts.discard(part=PART, by=tabs.member_of(request).pk)
        return redirect("settings_scorecard")
    try:
        text = scorecard_form.text_of(base, given)
        if given.get("do") == "rebase":
            _keep(request, text, _newest())
            return redirect("settings_scorecard")
        if what := given.get("do", ""):
            done = scorecard_parts.done(text, str(what), card, given)
            _keep(request, done.text)
            return _shown(request, done.text, done.card, moved=done.place)
    except BlueprintError as error:
        return _shown(request, base, card, problem=error, given=given)
    except (KeyError, scorecard_parts.NoSuchPart):
        raise Http404 from None
    _keep(request, text)
    if other := request.POST.get("other", ""):
        return _shown(request, text, other)
    return configuration.comparison(request, PART, text, ReasonForm(None, part=PART))


def _newest() -> int:
    return next((one.version for one in queries.history(PART)), 0)


def _keep(request: HttpRequest, text: str, base: int | None = None) -> None:
    """Keep what a form makes as the member's draft; a preset that nobody changed is none."""
    if request.POST.get("begun") and text == request.POST.get("text", "").replace("\r\n", "\n"):
        return
    told = request.POST.get("base", "")
    begun_on = int(told) if told.isdecimal() and len(told) < 9 else _newest()
    by = tabs.member_of(request).pk
    drafts.keep(part=PART, text=text, base=begun_on if base is None else base, by=by, at=timezone.now())


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Answer with what a filled-in form would change among the customers whom the member sees."""
    base = request.POST.get("text", "").replace("\r\n", "\n")
    context: dict[str, Any] = {}
    try:
        text = scorecard_form.text_of(base, request.POST.dict())
        _keep(request, text)
        context = _previewed(request, text)
    except BlueprintError as error:
        context = {"problem": problems.of(error, base), "wrong": _wrong(base, request, error)}
    except CannotTry:
        context = {"nothing": True}
    return render(request, "settings/scorecard_preview.html", context)


@require_POST
def moved(request: HttpRequest) -> HttpResponse:
    """Answer every customer whose band a filled-in form would change as a file."""
    member, format = tabs.member_of(request), request.POST.get("format", sheets.CSV)
    if not access.may(member, "exports.run") or format not in TYPES:
        raise Http404
    try:
        text = scorecard_form.text_of(request.POST.get("text", "").replace("\r\n", "\n"), request.POST.dict())
        found = score_preview.of(member, text, leaving=True)
    except (BlueprintError, CannotTry, KeyError):
        raise Http404 from None
    return download(_sheet(found, text), format=format, name=f"scorecard-draft-{found.on}", kind="scorecard.exported",
                    member=member, asked={})  # fmt: skip


def _sheet(found: score_preview.Preview, text: str) -> sheets.Sheet:
    currency, names, sees_arr = house().currency, _names(text), any(one.arr_before is not None for one in found.bands)
    rows: list[list[sheets.Cell]] = [
        [one.key, one.name, *([] if one.arr is None else [Decimal(decimal_string(one.arr, currency))]),
         str(BANDS[one.from_band]), str(BANDS[one.to_band]), one.before, one.after,
         names.get(one.measure, ""), one.points if one.measure else None]
        for one in found.movers
    ]  # fmt: skip
    arr = [gettext("ARR (%(currency)s)") % {"currency": currency}] if sees_arr else []
    headings = [gettext("Key"), gettext("Customer"), *arr, gettext("Band before"), gettext("Band after"),
                gettext("Score before"), gettext("Score after"), gettext("Measure that moved it most"),
                gettext("Points")]  # fmt: skip
    return sheets.Sheet(headings, rows, [(gettext("As of"), found.on.isoformat())])


def _names(text: str) -> dict[str, str]:
    """Return what the measures of the scorecards in force and of a text are called."""
    language = get_language() or "en"
    cards = [*queries.scorecards().rules, *queries.scorecards_from(text, name="scorecard.yaml").rules]
    return {measure.key: measure.label.text(language) for rule in cards for measure in rule.card.measures}


def _wrong(base: str, request: HttpRequest, error: BlueprintError) -> tuple[str, str] | None:
    """Return the field that is wrong and what it is called; None where none of the form's is."""
    try:
        shown = scorecard_form.shown(base, request.POST.get("card", ""), request.POST.dict(), error, str(error.problem))
    except BlueprintError:
        return None
    return scorecard_form.wrong_of(shown)


def _previewed(request: HttpRequest, text: str) -> dict[str, Any]:
    found = score_preview.of(tabs.member_of(request), text)
    names = _names(text)
    return {
        "may_export": access.may(tabs.member_of(request), "exports.run"),
        "found": found,
        "bands": [(BANDS[band.key], band) for band in found.bands],
        "bars": [
            (place * score_preview.BIN, *(f"{100 * count / found.fullest:.1f}" for count in pair), *pair)
            for place, pair in enumerate(found.histogram)
        ],
        "movers": [(mover, names.get(mover.measure, "")) for mover in found.movers],
        "band_words": BANDS,
        "currency": house().currency,
        "sees_arr": any(band.arr_before is not None for band in found.bands),
    }


def _shown(
    request: HttpRequest,
    text: str,
    card: str,
    *,
    problem: BlueprintError | None = None,
    preset: Preset | None = None,
    given: Mapping[str, Any] | None = None,
    moved: str = "",
) -> HttpResponse:
    spoken, member = get_language() or "en", tabs.member_of(request)
    draft = None if preset else drafts.draft_of(PART, member.pk)
    context: dict[str, Any] = {
        "presets": [(one.key, one.label.text(spoken), one.meaning.text(spoken)) for one in queries.scorecard_presets()],
        "preset": preset.label.text(spoken) if preset else "",
        "part": PART,
        "label": gettext("Scorecard"),
        "text": text,
        "base": request.POST.get("base") or str(draft.base if draft else _newest()),
        "draft": draft,
        "overtaken": draft.overtaken_by(PART) if draft else None,
        "problem": None if problem is None else problems.of(problem, text),
        "policies": POLICIES,
        "directions": DIRECTIONS,
        "caps": [(str(one), BANDS[one]) for one in scorecard_form.CHOICES["cap"]],
    }
    try:
        said = context["problem"].said if problem else ""
        shown = scorecard_form.shown(text, card, given, problem, said)
        language = get_language() or "en"
        rules = queries.scorecards_from(text, name="scorecard.yaml").rules
        context |= {
            "card": shown,
            "wrong": scorecard_form.wrong_of(shown),
            "moved": moved,
            "measures": scorecard_parts.offered(),
            "is_first_card": shown.place == "scorecards[0]",
            "is_last_rule": shown.place == f"scorecards[{len(rules) - 2}]",
            "edges": [(EDGES[entry.name.rpartition(".")[2]], entry) for entry in (*shown.bands, *shown.coverage)],
            "cards": [(rule.card.key, rule.card.label.text(language)) for rule in rules],
        }
    except BlueprintError as error:
        context |= {"card": None, "problem": problems.of(error, text)}
    return tabs.shown(
        request, "scorecard", context, tab="settings_blueprint", status=422 if context["problem"] else 200
    )
