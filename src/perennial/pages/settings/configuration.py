"""The blueprint's parts, for whoever manages settings: read, changed after a look at what changes, and brought back.

A part is one YAML text, but for revenue, which is a form. Nothing is in force before its changes were looked at.
"""

from __future__ import annotations

from typing import Any

import yaml
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.blueprint import actions, queries
from perennial.blueprint.actions import ConfigRefused
from perennial.blueprint.calculations.comparing import compare
from perennial.blueprint.terms import BlueprintError
from perennial.evidence import queries as evidence
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.pages.settings import problems, switches, tabs
from perennial.pages.settings.forms import ReasonForm
from perennial.reports import metric_uses

MEANINGS = {
    "revenue": (_("How revenue is counted"), _("What MRR is, when a customer has churned, what counts as new.")),
    "scorecard": (_("Scorecard"), _("How health is made: measures, weights, freshness, bands and vetoes.")),
    "tiers": (_("Tiers"), _("Classes by annual contract value, and how often each is touched.")),
    "stages": (_("Stages"), _("When a customer is in onboarding, in growth, or up for renewal.")),
    "today": (_("Today"), _("What puts a customer on Today, how weighty it is, and the next step.")),
    "rights": (_("Rights"), _("Who may do what, on whose customers, and which fields a role never sees.")),
    "products": (
        _("Products"),
        _("Which features belong to which product, so that use is compared with what was bought."),
    ),
    "own_metrics": (_("Own metrics"), _("What is computed from usage besides, as your company defines it.")),
    "lifetime": (
        _("Lifetime value"),
        _("Gross margin, discount rate and horizon, and by which fields it is known how a customer came."),
    ),
    "renewals": (
        _("Renewals"),
        _("When a term's two checkpoints are, and how its plan is worked back from the expiry."),
    ),
    "metrics": (_("Metrics"), _("What is computed from usage each day, and how it is meant.")),
    "events": (_("Events"), _("Which event names are logins, errors or noise; every other is core use.")),
}
MOST_BYTES = 800_000
SHIPPED = "shipped"


@require_GET
def parts(request: HttpRequest) -> HttpResponse:
    """List the parts of the blueprint with their meaning, and who changed each last."""
    rows = [
        (part, *MEANINGS[part], next(iter(queries.history(part)), None), part in queries.CHANGEABLE)
        for part in queries.PARTS
        if _may(request, part)
    ]
    return tabs.shown(request, "blueprint", {"rows": rows}, tab="settings_blueprint")


@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, part: str) -> HttpResponse:
    """Show a part; show what a changed text changes in it; put it in force."""
    _refuse(request, part)
    if part not in queries.CHANGEABLE:
        if request.method == "POST":
            raise Http404
        return _shown(request, part, "part_fixed", {"text": queries.default_text(part)})
    if request.method == "POST":
        return _asked(request, part)
    text, came_from = _text_wanted(request, part)
    return _editor(request, part, text, came_from=came_from)


def _text_wanted(request: HttpRequest, part: str) -> tuple[str, str]:
    """Return the text to begin with, and where it comes from where it is not what is in force."""
    wanted = request.GET.get("from", "")
    if wanted == SHIPPED:
        return queries.default_text(part), SHIPPED
    if wanted:
        return _version(part, wanted).text, wanted
    return queries.text_in_force(part), ""


def _version(part: str, number: str) -> Any:
    found = queries.version_of(part, int(number)) if number.isdecimal() and len(number) < 9 else None
    if found is None:
        raise Http404
    return found


def _asked(request: HttpRequest, part: str) -> HttpResponse:
    """Do what a form of this page asks: go on writing, look at what changes, or put it in force."""
    try:
        text = _text_given(request, part)
    except switches.SwitchesRefused as refused:
        return _editor(request, part, queries.text_in_force(part), form=refused.form, status=422)
    except UnicodeDecodeError:
        error = BlueprintError(gettext("This file is no text in UTF-8. Save it as UTF-8 and try again."))
        return _editor(request, part, queries.text_in_force(part), problem=error, status=422)
    step = request.POST.get("step", "")
    if step == "write":
        return _editor(request, part, text)
    try:
        queries.check(part, text)
    except BlueprintError as error:
        return _editor(request, part, text, problem=error, status=422)
    reason = ReasonForm(request.POST if step == "save" else None, part=part)
    if step == "save" and reason.is_valid():
        done = _published(request, part, text, reason)
        if done is not None:
            return done
    return comparison(request, part, text, reason)


def _text_given(request: HttpRequest, part: str) -> str:
    """Return the text that was sent: written, uploaded, or of the form of revenue.

    :raises switches.SwitchesRefused: the form of revenue has a value that cannot be.
    :raises UnicodeDecodeError: the file is no text.
    """
    if part == "revenue":
        return actions.text_of_switches(switches.values_of(request.POST))
    if file := request.FILES.get("file"):
        return (file.read(MOST_BYTES) or b"").decode("utf-8-sig").replace("\r\n", "\n")
    return request.POST.get("text", "").replace("\r\n", "\n")


def _published(request: HttpRequest, part: str, text: str, form: ReasonForm) -> HttpResponse | None:
    """Put a text in force; where that cannot be, say why in the form and return None."""
    base = request.POST.get("base", "")
    now = timezone.now()
    try:
        if part == "own_metrics":
            metric_uses.refuse(text)
        version = actions.publish(
            part=part, text=text, reason=form.cleaned_data["reason"], from_on=form.from_on(house().today(now)),
            base=int(base) if base.isdecimal() and len(base) < 9 else None, by=tabs.member_of(request).pk, at=now,
        )  # fmt: skip
    except ConfigRefused as error:
        form.add_error(None, str(error))
        return None
    if part == "rights":
        said = gettext("Version %(n)s is in force: each next request is answered by it.")
    elif part == "own_metrics":
        said = gettext(
            "Version %(n)s is in force. The history of what is new is being made; until then the former values serve."
        )
    else:
        said = gettext("Version %(n)s is in force. Everything that depends on it is being computed anew.")
    messages.success(request, said % {"n": version})
    return redirect("settings_blueprint_part", part=part)


@require_GET
def version(request: HttpRequest, part: str, number: int) -> HttpResponse:
    """Show one version: who, when, why, and what it changed in the one before."""
    _refuse(request, part)
    found = _version(part, str(number))
    before = queries.version_of(part, number - 1)
    reason = ReasonForm(initial={"reason": gettext("Back to version %(n)s") % {"n": number}}, part=part)
    context = {
        "one": found,
        "newest": queries.history(part)[0].version,
        "text": found.text,
        "form": reason,
        **_difference(part, before.text if before else found.text, found.text),
    }
    return _shown(request, part, "version", context)


@require_POST
def back(request: HttpRequest, part: str, number: int) -> HttpResponse:
    """Bring an earlier version back: its text becomes the next version."""
    _refuse(request, part)
    text = _version(part, str(number)).text
    form = ReasonForm(request.POST, part=part)
    try:
        if part == "revenue":
            text = actions.text_of_switches(switches.values_of(dict(switches.given(yaml.safe_load(text)))))
        done = _published(request, part, text, form) if form.is_valid() else None
    except (BlueprintError, switches.SwitchesRefused) as error:
        messages.error(request, problems.of(error, text).said if isinstance(error, BlueprintError) else str(error))
        return redirect("settings_blueprint_version", part=part, number=number)
    if done is None:
        messages.error(request, " ".join(str(said) for listed in form.errors.values() for said in listed))
        return redirect("settings_blueprint_version", part=part, number=number)
    return done


@require_GET
def file(request: HttpRequest, part: str) -> HttpResponse:
    """Hand out the text in force, or that of a version, as a file."""
    _refuse(request, part)
    wanted = request.GET.get("version", "")
    text, name = queries.text_in_force(part), f"{part}.yaml"
    if wanted:
        text, name = _version(part, wanted).text, f"{part}-{wanted}.yaml"
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(text, content_type="application/yaml", headers={"Content-Disposition": disposition})


def _may(request: HttpRequest, part: str) -> bool:
    """Whether a member who manages settings may see and change a part: rights ask for the management of members too,
    so that nobody grants himself what he was not given."""
    return part != "rights" or access.may(tabs.member_of(request), "members.manage")


def _refuse(request: HttpRequest, part: str) -> None:
    if part not in queries.PARTS or not _may(request, part):
        raise Http404


def _editor(
    request: HttpRequest,
    part: str,
    text: str,
    *,
    problem: BlueprintError | None = None,
    form: switches.SwitchesForm | None = None,
    came_from: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "text": text,
        "rows": min(60, max(12, text.count("\n") + 2)),
        "came_from": came_from,
        "problem": None if problem is None else problems.of(problem, text),
    }
    if part == "revenue":
        context["switches"] = form or switches.SwitchesForm(now=yaml.safe_load(text))
    return _shown(request, part, "revenue" if part == "revenue" else "part", context, status=status)


def comparison(request: HttpRequest, part: str, text: str, form: ReasonForm) -> HttpResponse:
    """Show what a text changes in the one that is in force, with the form that asks why."""
    history = queries.history(part)
    context = {
        "text": text,
        "form": form,
        "base": request.POST.get("base") or str(history[0].version if history else 0),
        "given": switches.given(yaml.safe_load(text)) if part == "revenue" else [("text", text)],
        "backtest": part == "scorecard",
        "verdict": evidence.verdict_of(text) if part == "scorecard" else None,
        **_difference(part, queries.text_in_force(part), text),
    }
    return _shown(request, part, "compare", context, status=422 if form.errors else 200)


def _difference(part: str, before: str, after: str) -> dict[str, Any]:
    """Return what a text changes in another: in words for revenue, line by line for the others."""
    if part == "revenue":
        told = switches.changes(yaml.safe_load(before), yaml.safe_load(after))
        return {"changes": told, "lines": [], "is_same": not told}
    lines = compare(before, after)
    return {"changes": [], "lines": lines, "is_same": not lines}


def _shown(request: HttpRequest, part: str, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    label, meaning = MEANINGS[part]
    passed_over = queries.problems(part)
    every = {
        "part": part,
        "label": label,
        "meaning": meaning,
        "history": queries.history(part),
        "passed_over": passed_over and (passed_over[0], problems.of(passed_over[1], passed_over[0].text)),
        **context,
    }
    return tabs.shown(request, name, every, tab="settings_blueprint", status=status)
