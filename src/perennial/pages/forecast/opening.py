"""A number of the forecast opened, and a term moved by somebody who says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from perennial.insights.calculations.base_rate import Kind
from perennial.insights.terms import Probability, Term
from perennial.kernel.periods import Period
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.forecast import tables
from perennial.pages.forecast.asked import Asked
from perennial.pages.revenue.address import month_at
from perennial.pages.tags import day, exact_money, number, percent
from perennial.renewals import calls
from perennial.renewals.calculations.categories import one_step_from
from perennial.renewals.calls import CallError
from perennial.renewals.terms import Category
from perennial.reports import forecast
from perennial.reports.forecast import By, Group, Named, Told
from perennial.reports.forecast_figures import CATEGORIES, FANS, FIGURES
from perennial.reports.revenue_figures import Figure


@dataclass(frozen=True)
class _About:
    """The terms that a number is about: a group of them, and what they are called."""

    group: Group
    label: str
    period: Period | None


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a number: what it means, what it is made of, and the way to its terms."""
    asked = Asked(request)
    figure, told = FIGURES.get(request.GET.get("figure", "due")), asked.told
    if figure is None:
        raise Http404
    context: dict[str, Any] = {"title": figure.label, "definition": figure.definition, "formula": figure.formula}
    if told is None:
        return render(request, "components/explanation.html", context)
    learned = told.forecast.learned
    if figure.key == "probability":
        probability = _probability(request, told)
        context["inputs"] = tables.kind_words(probability) if probability else []
        if probability:
            context["title"] = f"{figure.label} · {percent(probability.rate.p, 1)}"
    else:
        about = _about(request, told)
        context["title"] = f"{figure.label} · {about.label}"
        context["inputs"] = _inputs(figure, about, told)
        context["link"] = f"{reverse('forecast')}?{_to_terms(asked, figure, about)}#terms"
    return render(request, "components/explanation.html", context | {
        "as_of": told.forecast.on,
        "source": _("Contract lines without tax, %(currency)s, base rates of %(on)s, definition %(version)d")
        % {"currency": told.currency, "on": day(learned.on), "version": figure.version},
    })  # fmt: skip


def _probability(request: HttpRequest, told: Told) -> Probability | None:
    age, stand = request.GET.get("age", ""), request.GET.get("stand", "")
    if not (age.isdecimal() and stand.isdecimal() and int(stand) in {0, 1, 2} and 1 <= int(age) <= 4):
        return None
    return told.forecast.learned.probability(Kind(request.GET.get("segment", ""), int(age), int(stand)))


def _about(request: HttpRequest, told: Told) -> _About:
    first, last = month_at(request.GET.get("from", "")), month_at(request.GET.get("until", ""))
    period = Period(first.since, last.until) if first and last and first.since < last.until else None
    by = next((one for one in By if one.value == request.GET.get("by")), None)
    parts, whole = forecast.groups(told, by or By.QUARTER, period)
    label = tables.quarter_label(period) if period else _("All quarters")
    if by is None:
        return _About(whole, label, period)
    value = request.GET.get("value", "")
    part = next((one for one in parts if ("" if one.value is None else str(one.value)) == value), None)
    if part is None:
        raise Http404
    return _About(part, f"{tables.label_of(part, by, told)} · {label}", period)


def _inputs(figure: Figure, about: _About, told: Told) -> list[tuple[str, str]]:
    group, currency = about.group, told.currency
    terms = (_("Terms"), number(group.count))
    if figure.key in FANS:
        learned = told.forecast.learned
        fans = [(str(FIGURES[key].label), exact_money(tables.amount_of(group, key), currency)) for key in FANS]
        done = (str(FIGURES["renewed"].label), exact_money(group.amounts["renewed"], currency))
        return [terms, done, *fans, (_("Closed quarters learned from"), number(learned.quarters))]
    if figure.key == "count":
        low, middle, high = forecast.counts(told, told.places(about.period))
        return [terms, (_("10%"), number(low)), (_("Expected"), number(middle)), (_("90%"), number(high))]
    parts = [(str(FIGURES[key].label), exact_money(amount, currency)) for key, amount in group.amounts.items()
             if amount or key == figure.key]  # fmt: skip
    return [terms, *parts]


def _to_terms(asked: Asked, figure: Figure, about: _About) -> str:
    quarter = "all" if about.period is None else f"{about.period.since:%Y-%m}"
    category = figure.key if figure.key in about.group.amounts and figure.key != "due" else ""
    return asked.chosen.query(quarter=quarter, category=category)


@require_http_methods(["GET", "POST"])
def call(request: HttpRequest) -> HttpResponse:
    """Open a term's category with what was said of it, and move it where the member may."""
    member, at = cast(Member, access.member_of(request)), timezone.now()
    try:
        due_on = date.fromisoformat(request.GET.get("due", ""))
    except ValueError as unreadable:
        raise Http404 from unreadable
    found = forecast.term_of(member, request.GET.get("customer", ""), due_on, at=at)
    if found is None or (request.method == "POST" and not found[2]):
        raise Http404
    term, customer, may_move = found
    error, text = "", ""
    if request.method == "POST":
        text = request.POST.get("reason", "")
        try:
            return _moved(request, term, customer, reason=text)
        except CallError as refused:
            error = str(refused)
    return render(request, "forecast/call.html", _context(term, customer, may_move=may_move) | {
        "url": request.get_full_path(), "error": error, "text": text,
    }, status=422 if error else 200)  # fmt: skip


def _moved(request: HttpRequest, term: Term, customer: Named, *, reason: str) -> HttpResponse:
    member = cast(Member, access.member_of(request))
    chosen = request.POST.get("category", "")
    if chosen not in set(Category) or term.model is None or term.probability is None:
        raise CallError(_("Choose a category."))
    category = Category(chosen)
    calls.call(customer_id=term.customer_id, due_on=term.due_on, category=category, reason=reason, model=term.model,
               p=term.probability.rate.p, by=member.pk, at=timezone.now())  # fmt: skip
    messages.success(request, _("%(name)s is in %(category)s now.")
                     % {"name": customer.name, "category": CATEGORIES[category]})  # fmt: skip
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _context(term: Term, customer: Named, *, may_move: bool) -> dict[str, Any]:
    assert term.model is not None
    assert term.probability is not None
    offered = sorted({term.model, *one_step_from(term.model)}, key=list(Category).index)
    return {
        "title": f"{customer.name} · {day(term.due_on)}",
        "term": term,
        "p": percent(term.probability.rate.p, 1),
        "interval": tables.interval_of(term.probability),
        "model": CATEGORIES[term.model],
        "offered": [(one.value, CATEGORIES[one], one is term.category, one is term.model) for one in offered],
        "history": [(one, CATEGORIES[one.category], CATEGORIES[one.model])
                    for one in calls.history(term.customer_id, term.due_on)],
        "may_move": may_move,
    }  # fmt: skip
