"""The forms of a contract's lines. A form only reads; what may be is decided by contracts.drafts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from perennial.contracts import amending
from perennial.contracts.models import Line
from perennial.contracts.terms import LineKind
from perennial.kernel import money

FIRST, LAST = date(1970, 1, 1), date(2199, 12, 31)
TERM = "term"
LINE_KINDS = ((LineKind.RECURRING.value, _("recurring")), (LineKind.ONE_OFF.value, _("once")),
              (LineKind.USAGE.value, _("by usage")), (LineKind.TRIAL.value, _("trial")))  # fmt: skip
AT_END = (("", _("not known")), ("yes", _("renews unless notice is given")), ("no", _("ends unless it is renewed")))
UNIT = "unit"
MOST_STEPS = 4
PRICES = ((UNIT, _("a unit")), ("all", _("for all units")))


def months_choices(kept: int | None = None) -> list[tuple[str, str]]:
    """Return over how many months an amount may be; `kept` is one that a line has."""
    known = {1: gettext("a month"), 3: gettext("a quarter"), 12: gettext("a year")}
    if kept is not None and kept not in known:
        known[kept] = ngettext("for %(n)s month", "for %(n)s months", kept) % {"n": kept}
    return [*((str(n), word) for n, word in sorted(known.items())), (TERM, gettext("for the term"))]


class DayField(forms.DateField):
    """A day between 1970 and 2199."""

    def __init__(self, **more: Any) -> None:
        more.setdefault("required", False)
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not FIRST <= day <= LAST:
            raise ValidationError(gettext("Check the year of this day."))
        return day


def after(day: date | None) -> date | None:
    """Return the first day without service where `day` is the last one with it."""
    return None if day is None else day + timedelta(days=1)


def before(day: date | None) -> date | None:
    """Return the last day with service where `day` is the first one without it."""
    return None if day is None else day - timedelta(days=1)


def minor(text: str, currency: str) -> int:
    """Return an amount that a person typed in minor units.

    :raises ValidationError: it is none, or has more decimals than the currency.
    """
    try:
        return money.parse_minor(text.replace(",", "").replace("，", "").replace(" ", ""), currency)
    except money.MoneyError as error:
        if error.reason == "too_many_decimals":
            count = money.decimals_of(currency)
            raise ValidationError(ngettext("%(currency)s has %(n)s decimal.", "%(currency)s has %(n)s decimals.", count)
                                  % {"currency": currency, "n": count}) from error  # fmt: skip
        raise ValidationError(gettext("This is no amount. Example: 1200.50.")) from error


class Priced(forms.Form):
    """What forms with a price share: `price` a unit or for all, over months or the term."""

    def priced(self, currency: str, *, quantity: int | None) -> tuple[int, int | None] | None:
        """Return amount for the whole quantity and its months; None where none was typed or it cannot be."""
        data = self.cleaned_data
        if not data.get("price"):
            return None
        try:
            amount = minor(data["price"], currency)
        except ValidationError as error:
            self.add_error("price", error)
            return None
        if data.get("price_is") == UNIT:
            if not quantity:
                self.add_error("quantity", gettext("A price a unit needs the quantity."))
                return None
            amount *= quantity
        return amount, None if data.get("months") == TERM else int(data.get("months") or 1)


class TermsForm(Priced):
    """Another quantity or price from a day on."""

    on = DayField(label=_("From this day on"), required=True)
    quantity = forms.IntegerField(label=_("Quantity"), required=False, min_value=1, max_value=2**31 - 1)
    price = forms.CharField(label=_("New price"), required=False, max_length=30,
                            help_text=_("Empty: the price of a unit stays as it is."))  # fmt: skip
    price_is = forms.ChoiceField(label=_("The price is"), choices=PRICES, initial="all")
    months = forms.ChoiceField(label=_("Period"), initial="12")

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        initial = {"on": today, "quantity": line.quantity, "months": str(line.amount_months or TERM)}
        super().__init__(*args, **{**more, "initial": initial})
        self.line = line
        self.fields["months"].choices = months_choices(line.amount_months)  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> None:
        """Read the price."""
        if self.cleaned_data.get("on"):
            self.amount = self.priced(self.line.currency, quantity=self.cleaned_data.get("quantity"))

    def change(self) -> amending.Change:
        """Return what was typed."""
        data, (amount, months) = self.cleaned_data, self.amount or (None, None)
        return amending.Terms(on=data["on"], quantity=data["quantity"], amount=amount, amount_months=months)


class RampForm(Priced):
    """Steps agreed in advance: a row each, empty ones left out."""

    months = forms.ChoiceField(label=_("Prices are"), initial="12")
    price_is = forms.ChoiceField(label=_("The price is"), choices=PRICES, initial=UNIT)

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        super().__init__(*args, **{**more, "initial": {"months": str(line.amount_months or TERM)}})
        self.line = line
        self.fields["months"].choices = months_choices(line.amount_months)  # type: ignore[attr-defined]
        for number in range(1, MOST_STEPS + 1):
            self.fields[f"on_{number}"] = DayField(label=_("Step %(n)s from") % {"n": number}, required=number == 1)
            self.fields[f"quantity_{number}"] = forms.IntegerField(
                label=_("Quantity"), required=False, min_value=1, max_value=2**31 - 1
            )
            self.fields[f"price_{number}"] = forms.CharField(label=_("Price"), required=False, max_length=30)

    def clean(self) -> None:
        """Read each step; its quantity stays what it was where none is typed."""
        self.steps: list[amending.Terms] = []
        quantity, last = self.line.quantity, None
        for number in range(1, MOST_STEPS + 1):
            on, typed, price = (self.cleaned_data.get(f"{name}_{number}") for name in ("on", "quantity", "price"))
            if on is None:
                if typed or price:
                    self.add_error(f"on_{number}", gettext("A step needs its first day."))
                continue
            if last is not None and on <= last:
                self.add_error(f"on_{number}", gettext("Each step begins after the one before it."))
            quantity, last = typed or quantity, on
            amount, months = self._price(number, price, quantity)
            self.steps.append(amending.Terms(on=on, quantity=quantity, amount=amount, amount_months=months))

    def _price(self, number: int, price: str | None, quantity: int | None) -> tuple[int | None, int | None]:
        if not price:
            return None, None
        try:
            amount = minor(price, self.line.currency)
        except ValidationError as error:
            self.add_error(f"price_{number}", error)
            return None, None
        if self.cleaned_data.get("price_is") == UNIT:
            if not quantity:
                self.add_error(f"quantity_{number}", gettext("A price a unit needs the quantity."))
                return None, None
            amount *= quantity
        months = self.cleaned_data.get("months")
        return amount, None if months == TERM else int(months or 1)

    def change(self) -> amending.Change:
        """Return what was typed."""
        return amending.Ramp(steps=tuple(self.steps))


class EndForm(forms.Form):
    """Another last day."""

    ends_on = DayField(label=_("Last day"), help_text=_("Empty: it goes on until somebody gives notice."))

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        super().__init__(*args, **{**more, "initial": {"ends_on": before(line.ends_on)}})

    def change(self) -> amending.Change:
        """Return what was typed."""
        return amending.End(ends_on=after(self.cleaned_data["ends_on"]))


class PauseForm(forms.Form):
    """A pause, until a day or an unknown one."""

    on = DayField(label=_("First day of the pause"), required=True)
    back_on = DayField(label=_("Service goes on from"), help_text=_("Empty: not known yet."))

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        super().__init__(*args, **{**more, "initial": {"on": today}})

    def change(self) -> amending.Change:
        """Return what was typed."""
        return amending.Pause(on=self.cleaned_data["on"], back_on=self.cleaned_data["back_on"])


class ResumeForm(forms.Form):
    """The end of a pause."""

    on = DayField(label=_("Service goes on from"), required=True)

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        super().__init__(*args, **{**more, "initial": {"on": today}})

    def change(self) -> amending.Change:
        """Return what was typed."""
        return amending.Resume(on=self.cleaned_data["on"])


class CancelForm(forms.Form):
    """A notice, with why and to whom."""

    cancelled_on = DayField(label=_("Day of the notice"), required=True)
    effective_on = DayField(label=_("First day without service"),
                            help_text=_("Empty: at the end of what is paid."))  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=100)
    competitor = forms.CharField(label=_("Competitor"), max_length=100, required=False)
    comment = forms.CharField(label=_("In their words"), required=False, max_length=4000,
                              widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip

    def __init__(self, *args: Any, line: Line, today: date, **more: Any) -> None:
        super().__init__(*args, **{**more, "initial": {"cancelled_on": today}})

    def change(self) -> amending.Change:
        """Return what was typed."""
        return amending.Cancel(**self.cleaned_data)


class LineForm(Priced):
    """A whole line: a new one, or one that was typed wrong. `fact` names a new one, so that a form sent twice writes
    once."""

    fact = forms.UUIDField(widget=forms.HiddenInput, required=False)
    product_id = forms.TypedChoiceField(label=_("Product"), coerce=int, required=False, empty_value=None)
    kind = forms.ChoiceField(label=_("Paid for"), choices=LINE_KINDS)
    quantity = forms.IntegerField(label=_("Quantity"), required=False, min_value=0, max_value=2**31 - 1)
    price = forms.CharField(label=_("Price"), max_length=30,
                            help_text=_("Negative: it takes something of another line back."))  # fmt: skip
    price_is = forms.ChoiceField(label=_("The price is"), choices=PRICES, initial="all")
    months = forms.ChoiceField(label=_("Period"), initial="12")
    currency = forms.CharField(label=_("Currency"), max_length=3)
    tax_rate = forms.CharField(label=_("Tax rate, %"), required=False, max_length=10)
    amount_includes_tax = forms.BooleanField(label=_("The price includes tax"), required=False)
    starts_on = DayField(label=_("First day"), required=True)
    ends_on = DayField(label=_("Last day"), help_text=_("Empty: open-ended."))
    billing_months = forms.IntegerField(label=_("Billed every … months"), required=False, min_value=1, max_value=120)
    gift_months = forms.IntegerField(label=_("Months given away"), required=False, min_value=0, max_value=120)
    discount_percent = forms.CharField(label=_("Discount, %"), required=False, max_length=10)
    discount_months = forms.IntegerField(label=_("Discount for … months"), required=False, min_value=1, max_value=480,
                                         help_text=_("Empty: for good."))  # fmt: skip
    notice_on = DayField(label=_("Notice possible until"), help_text=_("After it the line goes on by itself."))
    auto_renews = forms.TypedChoiceField(
        label=_("At its end"), choices=AT_END, required=False, empty_value=None, coerce=lambda told: told == "yes",
        help_text=_("It books nothing: the end comes due, and the next term counts once it is entered."))  # fmt: skip
    end_price = forms.CharField(label=_("Price of the end customer"), required=False, max_length=30,
                                help_text=_("What the reseller is paid, a unit or for all as above."))  # fmt: skip
    renewal_of = forms.ChoiceField(label=_("Renews the line"), required=False)
    ends_with = forms.ChoiceField(label=_("Ends with the line"), required=False,
                                  help_text=_("Co-termed: charged for the days until then."))  # fmt: skip
    corrects = forms.ChoiceField(label=_("Takes back of the line"), required=False,
                                 help_text=_("Of a negative line: the one that it corrects."))  # fmt: skip

    def __init__(
        self, *args: Any, products: Sequence[tuple[int, str]], others: Sequence[Line] = (), line: Line | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **more)
        self.fields["product_id"].choices = [("", "–"), *products]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["months"].choices = months_choices(None if line is None else line.amount_months)  # type: ignore[attr-defined]
        self.others = {str(one.fact): one for one in others}
        for name, fits in _FITS.items():
            found = [(fact, _named(one)) for fact, one in self.others.items() if fits(one)]
            self.fields[name].choices = [("", "–"), *found]  # type: ignore[attr-defined]  # a ChoiceField
        self.line = line
        if line is not None:  # a correction
            del self.fields["fact"], self.fields["renewal_of"], self.fields["ends_with"], self.fields["corrects"]
            if line.cancelled_on is not None:
                self.fields["withdraw"] = forms.BooleanField(label=_("No notice was given"), required=False)

    def clean_currency(self) -> str:
        """Take a code in any case; it must be one."""
        code: str = self.cleaned_data["currency"].strip().upper()
        if not money.is_known(code):
            raise ValidationError(gettext("This is no ISO 4217 currency code."))
        return code

    def clean_tax_rate(self) -> str | None:
        """Return the rate as a share ("0.06")."""
        share = percent_of(self.cleaned_data["tax_rate"])
        return None if share is None else f"{share / 100:f}"

    def clean_discount_percent(self) -> str | None:
        """Return the percentage as it is kept."""
        share = percent_of(self.cleaned_data["discount_percent"])
        return f"{share:f}" if share else None

    def clean(self) -> None:
        """Read the price in its currency."""
        data, self.amount, self.end_amount = self.cleaned_data, None, None
        if data.get("currency"):
            self.amount = self.priced(data["currency"], quantity=data.get("quantity"))
            self.end_amount = self._end_amount(data["currency"])
        wanted = self.others.get(data.get("ends_with") or "")
        if wanted is not None:
            if data.get("ends_on") not in {None, before(wanted.ends_on)}:
                self.add_error("ends_on", gettext("The other line ends on another day. Leave one of the two empty."))
            data["ends_on"] = before(wanted.ends_on)

    def _end_amount(self, currency: str) -> int | None:
        data = self.cleaned_data
        if not data.get("end_price"):
            return None
        try:
            amount = minor(data["end_price"], currency)
        except ValidationError as error:
            self.add_error("end_price", error)
            return None
        return amount * (data.get("quantity") or 1) if data.get("price_is") == UNIT else amount

    @property
    def values(self) -> dict[str, Any]:
        """Return the columns of the line."""
        data = self.cleaned_data
        same = ("product_id", "kind", "quantity", "currency", "tax_rate", "amount_includes_tax", "starts_on",
                "billing_months", "discount_percent", "notice_on", "auto_renews")  # fmt: skip
        amount, months = self.amount or (0, None)
        found = {name: data[name] for name in same} | {
            "amount": amount, "amount_months": months, "ends_on": after(data["ends_on"]),
            "gift_months": data["gift_months"] or 0, "end_amount": self.end_amount,
            "discount_months": data["discount_months"] if data["discount_percent"] else None,
        }  # fmt: skip
        if self.line is None:
            return found | {name: uuid.UUID(data[name]) if data[name] else None for name in ("renewal_of", "corrects")}
        if self.line.discount_amount is not None:
            found["discount_amount"] = None if found["discount_percent"] else self.line.discount_amount
            found["discount_months"] = data["discount_months"]
        return found | ({"cancelled_on": None, "ceases_on": None} if data.get("withdraw") else {})

    def change(self) -> amending.Change:
        """Return what was typed, as a correction."""
        return amending.Correct(values=self.values)


_FITS: Mapping[str, Callable[[Line], bool]] = {
    "renewal_of": lambda line: line.ends_on is not None and line.kind == LineKind.RECURRING and not line.is_amended,
    "ends_with": lambda line: line.ends_on is not None and line.kind == LineKind.RECURRING and not line.is_amended,
    "corrects": lambda line: line.amount > 0,
}
"""Which lines of the customer a new one may renew, end with, or take something back of."""


def _named(line: Line) -> str:
    return f"{line.product.name if line.product else '–'} · {line.starts_on} – {before(line.ends_on) or '…'}"


def percent_of(text: str) -> Decimal | None:
    """Return a percentage that a person typed; None for none.

    :raises ValidationError: it is none, or not between 0 and 100.
    """
    if not text.strip():
        return None
    try:
        share = Decimal(text.replace("%", "").strip())
    except InvalidOperation as error:
        raise ValidationError(gettext("This is no percentage. Example: 6.")) from error
    if not share.is_finite() or not 0 <= share < 100:
        raise ValidationError(gettext("A percentage lies between 0 and 100."))
    return share.normalize()


def line_values(line: Line) -> dict[str, Any]:
    """Return what the form of a whole line shows of one."""
    shown = ("product_id", "kind", "quantity", "currency", "amount_includes_tax", "starts_on", "billing_months",
             "gift_months", "discount_percent", "discount_months", "notice_on")  # fmt: skip
    return {name: getattr(line, name) for name in shown} | {
        "price": money.decimal_string(line.amount, line.currency), "price_is": "all",
        "months": str(line.amount_months or TERM), "ends_on": before(line.ends_on),
        "auto_renews": None if line.auto_renews is None else "yes" if line.auto_renews else "no",
        "end_price": None if line.end_amount is None else money.decimal_string(line.end_amount, line.currency),
        "tax_rate": None if line.tax_rate is None else f"{(Decimal(line.tax_rate) * 100).normalize():f}",
    }  # fmt: skip
