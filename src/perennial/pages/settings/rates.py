"""Exchange rates: which pairs are known, one typed in, or a file of the European Central Bank."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from perennial.contracts import rate_file
from perennial.contracts.rates import check_rate, keep_rates, pairs
from perennial.kernel import money
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Counted, Incoming
from perennial.pages.settings import tabs

TYPED = "typed"


class RateForm(forms.Form):
    """One rate: what a unit of another currency is worth in the organisation's."""

    base = forms.CharField(label=gettext_lazy("Currency"), max_length=3)
    on = forms.DateField(label=gettext_lazy("From this day on"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = forms.DecimalField(label=gettext_lazy("One unit is worth"), max_digits=20, decimal_places=10)

    def __init__(self, *given: Any, currency: str, **more: Any) -> None:
        super().__init__(*given, **more)
        self.currency = currency
        self.fields["base"].help_text = _("For example %(code)s.") % {"code": "EUR" if currency == "USD" else "USD"}
        self.fields["rate"].help_text = currency

    def clean_base(self) -> str:
        """Take a code in any case; it must be one."""
        code: str = self.cleaned_data["base"].strip().upper()
        if not money.is_known(code):
            raise forms.ValidationError(_("This is no ISO 4217 currency code."))
        return code

    def clean(self) -> dict[str, Any]:
        """Refuse what is no rate."""
        given = self.cleaned_data
        if {"base", "on", "rate"} <= given.keys():
            reason = check_rate(self.values)
            if reason is not None:
                raise forms.ValidationError(reason)
        return given

    @property
    def values(self) -> dict[str, Any]:
        """Return the rate as it is kept."""
        given = self.cleaned_data
        return {"base": given["base"], "currency": self.currency, "on": given["on"],
                "rate": f"{given['rate'].normalize():f}"}  # fmt: skip


class FileForm(forms.Form):
    """A file with a column for each currency."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("eurofxref-hist.csv, as the European Central Bank offers it."),
    )


@require_http_methods(["GET", "POST"])
def rates(request: HttpRequest) -> HttpResponse:
    """Show what is known; keep a rate that was typed, or those of a file."""
    currency = house().currency
    asked = request.POST.get("what") if request.method == "POST" else None
    form = RateForm(request.POST if asked == "rate" else None, currency=currency)
    file = FileForm(request.POST if asked == "file" else None, request.FILES if asked == "file" else None)
    counted = _kept(request, form, file)
    if counted is not None:
        messages.success(request, _said(counted))
        return redirect("settings_rates")
    context = {"form": form, "file": file, "pairs": pairs(), "currency": currency}
    return tabs.shown(
        request, "rates", context, tab="settings_rates", status=422 if form.errors or file.errors else 200
    )


def _kept(request: HttpRequest, form: RateForm, file: FileForm) -> Counted | None:
    by, at = tabs.member_of(request).pk, timezone.now()
    if form.is_valid():
        return keep_rates([Incoming(None, form.values)], source=TYPED, by=by, at=at)
    if not file.is_valid():
        return None
    try:
        rows = rate_file.read(file.cleaned_data["file"].read(rate_file.MOST_BYTES + 1))
    except rate_file.FileRefused as refused:
        file.add_error("file", str(refused))
        return None
    return keep_rates(rows, source=rate_file.SOURCE, by=by, at=at)


def _said(counted: Counted) -> str:
    count = counted.new + counted.changed
    if not count:
        return _("All of these rates were known.")
    told = ngettext("%(count)d rate was written.", "%(count)d rates were written.", count)
    return f"{told % {'count': count}} {_('Revenue is counted anew.')}"
