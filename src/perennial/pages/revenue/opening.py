"""A number of the Revenue page opened: what it means, what it is made of, and the customers behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.contracts.calculations.retention import Retention
from perennial.contracts.terms import View
from perennial.kernel.periods import Period, day_before
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.revenue import address, by, tables
from perennial.pages.revenue.address import Chosen
from perennial.pages.tags import day, exact_money, number, percent
from perennial.reports import retention_by, revenue, revenue_behind
from perennial.reports.retention_by import Part, Told
from perennial.reports.revenue import Book
from perennial.reports.revenue_behind import Behind
from perennial.reports.revenue_figures import FIGURES, TERMS, Figure

MOST_LISTED = 500
Inputs = list[tuple[str, str]]


def member_of(request: HttpRequest) -> Member:
    """Return the member who asks: a stranger never gets here."""
    return cast(Member, access.member_of(request))


def book_of(request: HttpRequest) -> Book:
    """Return the ledger as the member who asks sees it, told as the address asks for, of the customers that it names.

    :raises Http404: it asks by a field that is hidden, or for what is no value.
    """
    member, asked = member_of(request), address.rates_at(request.GET)
    view = View(asked.get("view", View.RESTATED))
    book = revenue.book_of(member, at=timezone.now(), constant="rates" in asked, view=view)
    try:
        return retention_by.narrowed(book, member, address.whose_at(request.GET))
    except retention_by.NoSuchCustomers as error:
        raise Http404 from error


def chosen_of(request: HttpRequest, book: Book) -> Chosen:
    """Return what the address asks for; told apart by a field that the member does not see it is by product."""
    chosen = address.read(request.GET, book.as_of)
    return (
        chosen
        if chosen.by in retention_by.dimensions_of(member_of(request))
        else replace(chosen, by=retention_by.Dimension.PRODUCT)
    )


@dataclass(frozen=True)
class About:
    """What an address behind a number asks about: the figure, its days, and of which customers (None: of all)."""

    book: Book
    figure: Figure
    span: Period
    apart: Told | None = None
    part: Part | None = None

    @classmethod
    def of(cls, request: HttpRequest, book: Book) -> About:
        """Read an address.

        :raises Http404: there is no such figure, or nobody of the cohort has the value.
        """
        figure = FIGURES.get(request.GET.get("figure", "mrr"))
        if figure is None:
            raise Http404
        span = address.span_at(request.GET, book.as_of)
        dimension = address.dimension_at(request.GET.get("by", ""))
        if dimension is None or "value" not in request.GET or not figure.is_rate:
            return cls(book, figure, span)
        if dimension not in retention_by.dimensions_of(member_of(request)):
            raise Http404
        apart = retention_by.told(book, revenue.trailing_year(book, span.until), dimension)
        part = retention_by.part_of(apart, request.GET["value"])
        if part is None:
            raise Http404
        return cls(book, figure, span, apart, part)

    @property
    def over(self) -> Period:
        """Return the days that the figure is about: months, or for a rate its two days."""
        return revenue.trailing_year(self.book, self.span.until) if self.figure.is_rate else self.span

    @property
    def named(self) -> dict[str, str]:
        """Return the part as an address names it; nothing for all customers."""
        kept = tables.kept_of(self.book)
        if self.apart is None or self.part is None:
            return kept
        return {"by": self.apart.dimension.value, "value": self.part.value, **kept}

    @property
    def told(self) -> dict[str, str]:
        """Return what a file of it shows, for the journal."""
        return {"figure": self.figure.key, **self.named}

    @property
    def name(self) -> str:
        """Return what a file of it is called: of whom, the file itself says."""
        return self.figure.key if self.apart is None else f"{self.figure.key}-by-{self.apart.dimension}"

    @property
    def title(self) -> str:
        """Write the figure, the part and the days."""
        parts = [str(self.figure.label), by.label_of(self.apart, self.part) if self.apart and self.part else "",
                 *(text for text, _without in tables.whose_told(self.book)), self.when()]  # fmt: skip
        return " · ".join(part for part in parts if part)

    def when(self) -> str:
        """Say of when the figure is: movements of months, rates over days, balances on one."""
        if self.figure.is_rate:
            return tables.days_of(self.over)
        if self.figure.kind is not None:
            return tables.months_of(self.over)
        if self.figure.key == "opening":
            return day(self.span.since)
        return day(min(self.book.as_of, day_before(self.span.until)))

    def customers(self) -> Behind:
        """Return the customers behind the figure, the largest amount first."""
        if self.apart is not None and self.part is not None:
            return retention_by.behind(self.book, self.figure, self.over, self.apart, self.part)
        return revenue_behind.behind(self.book, self.figure, self.over)

    def inputs(self) -> Inputs:
        """Return what the figure is made of, each part with its name."""
        if self.figure.is_rate:
            found = self.part.found if self.part else revenue.retention(self.book, self.over)
            return _cohort(self.book, self.figure, found)
        if self.figure.key in TERMS:
            return _terms(self.book, self.span)
        if self.figure.key == "in_grace":
            return _in_grace(self.book)
        return _made_of(self.book, self.figure, self.span)


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a number: what it means, what it is made of, and the way to its customers."""
    book = book_of(request)
    about = About.of(request, book)
    figure = about.figure
    changed = [(str(one.label), str(one.value)) for one in tables.settings_of(book) if not one.is_default]
    told = {"currency": book.currency, "version": figure.version}
    rates = f" · {tables.rates_told(book)}" if book.exchange.fixed_on else ""
    rates += f" · {tables.view_told(book)}" if book.view is View.REPORTED else ""
    return render(request, "components/explanation.html", {
        "title": about.title,
        "definition": figure.definition,
        "formula": figure.formula,
        "inputs": [*about.inputs(), *changed],
        "as_of": book.as_of,
        "source": _("Contract lines, MRR without tax, %(currency)s, definition %(version)d") % told + rates,
        "link": tables.customers_url(figure, about.span, about.named),
    })  # fmt: skip


def _cohort(book: Book, figure: Figure, found: Retention) -> Inputs:
    ratio = {"nrr": found.net, "grr": found.gross, "logo": found.logo}[figure.key]
    if figure.key == "logo":
        return [
            (_("Customers at the start"), number(found.customers)),
            (_("Of these kept"), number(found.customers_kept)),
            (str(figure.label), percent(ratio, 1)),
            (_("95%% interval") % (), tables.interval(found.logo_interval) or number(None)),
        ]
    held = found.kept if figure.key == "grr" else found.closing
    return [
        (_("Customers at the start"), number(found.customers)),
        (_("Their MRR at the start"), exact_money(found.opening, book.currency)),
        (_("Of this kept at the end") if figure.key == "grr" else _("Their MRR at the end"),
         exact_money(held, book.currency)),
        (str(figure.label), percent(ratio, 1)),
    ]  # fmt: skip


def _terms(book: Book, span: Period) -> Inputs:
    split = revenue.under_terms_of(book, span)
    amounts = {"terms": split.term, "open_ended": split.open, "mrr": split.term + split.open}
    counts = {"terms": split.terms, "open_ended": split.others}
    told = [(str(FIGURES[key].label), exact_money(amount, book.currency)) for key, amount in amounts.items()]
    return [*told, *((_("Customers: %(label)s") % {"label": FIGURES[key].label}, number(len(held.customers)))
                     for key, held in counts.items())]  # fmt: skip


def _in_grace(book: Book) -> Inputs:
    held = revenue.in_grace(book)
    total = exact_money(sum(held.values(), Fraction(0)), book.currency)
    return [(str(FIGURES["in_grace"].label), total), (_("Customers"), number(len(held)))]


def _made_of(book: Book, figure: Figure, span: Period) -> Inputs:
    rows = revenue.movements(book, span)
    if not rows:
        return []
    whole = revenue.total(rows)
    if figure.key == "customers":
        return [(str(figure.label), number(whole.customers))]
    if figure.kind is not None or figure.key == "opening":
        return [(str(figure.label), exact_money(tables.value_of(whole, figure), book.currency))]
    parts = [FIGURES["opening"], *tables.shown_kinds(rows), FIGURES["closing"]]
    made = [(str(one.label), exact_money(tables.value_of(whole, one), book.currency)) for one in parts]
    return [*made, (str(figure.label), exact_money(12 * whole.closing, book.currency))] if figure.key == "arr" else made


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers behind a number, the largest amount first; the file has all of them."""
    book = book_of(request)
    about = About.of(request, book)
    found, figure = about.customers(), about.figure
    context: dict[str, Any] = {
        "book": book,
        "figure": figure,
        "about": about,
        "part": by.label_of(about.apart, about.part) if about.apart and about.part else "",
        "when": about.when(),
        "rows": [tables.listed(one) for one in found.first(MOST_LISTED)],
        "count": len(found),
        "left": max(0, len(found) - MOST_LISTED),
        "total": found.total,
        "held_label": tables.held_label(figure),
        "may": {"export": access.may(member_of(request), "exports.run")},
        "export": f"{reverse('revenue_export')}?{request.GET.urlencode()}" if "figure" in request.GET else "",
    }
    return render(request, "revenue/customers.html", context)
