"""The metrics: listed with their standing, opened, tried, saved; the making of their history stopped and resumed."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from perennial.blueprint import actions, queries
from perennial.blueprint.actions import ConfigRefused
from perennial.blueprint.terms import BlueprintError, MetricDefinition
from perennial.kernel.organisation.queries import house
from perennial.pages.metrics import standing
from perennial.pages.metrics.forms import (
    MeasureForm,
    MetricForm,
    entry_of,
    initial_of,
    measure_forms,
    place_of,
    written,
)
from perennial.pages.settings import problems, tabs
from perennial.reports import metric_trial, metric_uses
from perennial.reports.measure_words import said
from perennial.usage import own, trial

PART = "own_metrics"
TAB = "settings_metrics"


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """List own metrics with their standing, those that ship, and those that can be taken over; alone, own ones."""
    context = {**standing.context(), "base": _base()}
    if request.headers.get("HX-Target", "").endswith("#own"):
        return render(request, "metrics/own.html", context)
    taken = {one.key for one in queries.own_metrics()}
    library = [one for one in queries.own_metrics_from(queries.metric_library()) if one.key not in taken]
    return _shown(request, "list", {**context, "library": library, "shipped": queries.metrics()})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write a new metric, an empty one or one of the library; save it."""
    wanted = request.GET.get("from", "")
    entries = yaml.safe_load(queries.metric_library())["metrics"] if wanted else []
    entry = next((one for one in entries if one["key"] == wanted), None)
    if wanted and entry is None:
        raise Http404
    return _asked(request, entry or {}, is_new=True)


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """Show a metric that ships; show, change or delete an own one."""
    entry = next((entry for entry in _entries() if entry["key"] == key), None)
    if entry is not None:
        return _asked(request, entry, is_new=False)
    shipped = next((one for one in queries.metrics() if one.key == key), None)
    if shipped is None or request.method == "POST":
        raise Http404
    context = {"metric": shipped, "sql": trial.sql_of(shipped, _today()), "measures": _measures(shipped)}
    return _shown(request, "shipped", context)


def _measures(shipped: MetricDefinition) -> list[tuple[str, str]]:
    return [(name, said(one.plain())) for name, one in own.as_metric(shipped.key, shipped.algebra).measures.items()]


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Answer with what the form's definition comes to, and say beside each field what is wrong there."""
    form, measures = MetricForm(request.POST, is_new=True), measure_forms(request.POST, {})
    context = _tried(request, form, measures)
    fields = [form["expression"], *(field for one in measures for field in one)]
    return render(request, "metrics/looked.html", {**context, "apart": fields})


@require_POST
def work(request: HttpRequest) -> HttpResponse:
    """Stop the making of history, or go on with it."""
    standing.ask(request.POST.get("do", ""), at=timezone.now())
    return redirect(TAB)


def _shown(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    around = {"tabs": tabs.ways(tabs.member_of(request), TAB)}
    return render(request, f"metrics/{name}.html", {**around, **context}, status=status)


def _today() -> date:
    return house().today(timezone.now())


def _entries() -> list[dict[str, Any]]:
    return yaml.safe_load(queries.text_in_force(PART)).get("metrics") or []


def _base() -> int:
    return next((one.version for one in queries.history(PART)), 0)


def _asked(request: HttpRequest, entry: dict[str, Any], *, is_new: bool) -> HttpResponse:
    """Do what the form asks: one more measure, a look, delete, or save."""
    if request.method == "GET":
        form = MetricForm(initial=initial_of(entry), is_new=is_new)
        return _form(request, form, measure_forms(None, entry), entry, is_new=is_new)
    form, step = MetricForm(request.POST, is_new=is_new), request.POST.get("step", "save")
    if step == "drop" and not is_new:
        return _dropped(request, form, entry)
    measures = measure_forms(request.POST, {})
    if step in ("more", "look"):
        plain = MetricForm(initial={name: request.POST.get(name, "") for name in form.fields}, is_new=is_new)
        tried = _tried(request, form, measures) if step == "look" else {}
        shown = measures if tried.get("problem") else measure_forms(None, _loose(measures), more=step == "more")
        return _form(request, form if tried.get("problem") else plain, shown, entry, is_new=is_new, tried=tried)
    return _saved(request, form, measures, entry, is_new=is_new)


def _loose(measures: list[MeasureForm]) -> dict[str, Any]:
    """Return measures as they were typed, those without a name too."""
    found = {}
    for number, one in enumerate(measures):
        raw = {name: one.data.get(f"{one.prefix}-{name}", "") for name in one.fields}
        found[raw["name"] or f" {number}"] = raw
    return {"measures": found}


def _saved(
    request: HttpRequest, form: MetricForm, measures: list[MeasureForm], entry: dict[str, Any], *, is_new: bool
) -> HttpResponse:
    valid = [one.is_valid() for one in measures]
    if form.is_valid() and all(valid):
        given = entry_of(form, measures, is_trial=False)
        if not is_new:
            given["key"] = entry["key"]
        others = _entries()
        place = next((n for n, one in enumerate(others) if not is_new and one["key"] == entry["key"]), len(others))
        done = _published(request, form, measures, [*others[:place], given, *others[place + 1 :]], place)
        if done is not None:
            return done
    return _form(request, form, measures, entry, is_new=is_new, status=422)


def _dropped(request: HttpRequest, form: MetricForm, entry: dict[str, Any]) -> HttpResponse:
    form.is_valid()
    for name in [name for name in form.errors if name != "reason"]:
        del form.errors[name]  # whatever else stands in the form, the metric goes
    others = [one for one in _entries() if one["key"] != entry["key"]]
    done = None if form.errors else _published(request, form, [], others, None)
    return done or _form(request, form, measure_forms(None, entry), entry, is_new=False, status=422)


def _published(
    request: HttpRequest,
    form: MetricForm,
    measures: list[MeasureForm],
    entries: list[dict[str, Any]],
    place: int | None,
) -> HttpResponse | None:
    """Put the entries in force; where that cannot be, say why beside the field and return None."""
    base, before = request.POST.get("base", ""), queries.text_in_force(PART)
    text = written(entries, before)
    try:
        metric_uses.refuse(text)
        actions.publish(
            part=PART, text=text, reason=form.cleaned_data["reason"], from_on=None, by=tabs.member_of(request).pk,
            base=int(base) if base.isdecimal() and len(base) < 9 else None, at=timezone.now(),
        )  # fmt: skip
    except BlueprintError as error:
        _say(form, measures, error, text)
        return None
    except ConfigRefused as error:
        form.add_error(None, str(error))
        return None
    if place is None:
        messages.success(request, _("The metric is gone; its definition stays in the history of the blueprint."))
    else:
        messages.success(request, _("Saved. Its history is being made; until then the former values serve."))
    return redirect(TAB)


def _say(form: MetricForm, measures: list[MeasureForm], error: BlueprintError, text: str) -> None:
    """Put a mistake beside the field where it stands."""
    said = problems.of(error, text).said
    owner, field = place_of(error.place, measures)
    (owner or form).add_error(field or None, said[:1].upper() + said[1:])


def _tried(request: HttpRequest, form: MetricForm, measures: list[MeasureForm]) -> dict[str, Any]:
    """Return what the definition comes to, or that there is a problem, which then stands beside its field."""
    form.is_valid()
    fine = [one.is_valid() for one in measures]
    for name in [name for name in form.errors if name != "expression"]:
        del form.errors[name]  # names and reason may still be missing
    context: dict[str, Any] = {"look_at": request.POST.get("look_at", "")[:200], "problem": True, "found": None}
    if not all(fine) or form.errors:
        return context
    entry = entry_of(form, measures, is_trial=True)
    if not entry["measures"]:
        return {**context, "problem": False}
    text = written([entry], "")
    try:
        (definition,) = queries.own_metrics_from(text)
    except BlueprintError as error:
        _say(form, measures, error, text)
        return {**context, "whole": form.non_field_errors()}
    return {**context, "problem": False, **_found(request, definition, context["look_at"])}


def _found(request: HttpRequest, definition: MetricDefinition, text: str) -> dict[str, Any]:
    found = metric_trial.look(tabs.member_of(request), definition, _today(), text=text)
    return {"found": found, "unit": str(definition.unit), "drawing": standing.drawing(found.bars, definition.unit)}


def _form(
    request: HttpRequest,
    form: MetricForm,
    measures: list[MeasureForm],
    entry: dict[str, Any],
    *,
    is_new: bool,
    tried: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form, "measures": measures, "is_new": is_new, "key": entry.get("key", ""),
        "base": request.POST.get("base") or _base(), "look_at": request.POST.get("look_at", ""), **(tried or {}),
    }  # fmt: skip
    status = 422 if (tried or {}).get("problem") else status
    return _shown(request, "form", context, status=status)
