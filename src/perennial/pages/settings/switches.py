"""How revenue is counted, as a form: each switch with the meaning of every choice, for who never read about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from enum import Enum
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from perennial.contracts.terms import SWITCH_MEANINGS, PolicySwitches
from perennial.reports.revenue_figures import CHOICES, SWITCH_LABELS

MOST_DAYS = 3650
EXPLAINED: Mapping[str, Mapping[str, Promise]] = {
    "discounts_in_mrr": {
        "every": _("A discount of three months lowers MRR for three months; then it rises as if something was sold."),
        "forever": _("A discount that ends leaves MRR as it will be without it; one without an end lowers it."),
        "none": _("MRR is the list price: what was granted shows in the money received, not here."),
    },
    "churn_day": {
        "end_of_period": _("Who gives notice in May and has paid until December is a customer until December."),
        "cancellation": _("Who gives notice in May is lost in May, also where December is paid."),
    },
    "unpaid_counts": {
        "True": _("A line whose payment was given up still counts until its contract ends."),
        "False": _("A line whose payment was given up stops counting on the day since which it is unpaid."),
    },
    "reactivation_as_new": {
        "True": _("Who left and comes back is new business once more; there is no reactivation."),
        "False": _("Who left and comes back is a reactivation, told apart from new business."),
    },
    "reactivation_in_quick_ratio": {
        "True": _("Gains are new, expansion and returns, divided by the losses."),
        "False": _("Gains are new and expansion alone: a return does not cover for a loss."),
    },
    "classified_by": {
        "customer": _("A second product of a customer is expansion; only the last one that ends is churn."),
        "product": _("A customer's first contract of a product is new, and giving up one product is its churn."),
        "contract": _("Each contract lives its own life: every new one is new, every one that ends is churn."),
    },
    "product_switch_is_net": {
        "True": _("From 100 to 120 by another product is an expansion of 20."),
        "False": _("From 100 to 120 by another product is a contraction of 100 and an expansion of 120."),
    },
    "gift_months": {
        "inside": _("12,000 for 12 months and 2 given away is 857.14 a month over 14 months."),
        "outside": _("12,000 for 12 months and 2 given away is 1,000 a month over 12, and nothing in the last 2."),
    },
    "odd_term": {
        "days_365": _("A term of 100 days is 100 ÷ 365 of a year."),
        "snapped_years": _("A term near a whole number of years is that number; others by years of 365.25 days."),
    },
    "odd_end": {
        "stopped": _("The line had no end until somebody stopped it: no renewal was due."),
        "due": _("The end was agreed: it is a renewal that was won or lost."),
    },
    "customer_churn_over": {
        "start": _("5 lost of 100 at the start is 5 %, however many came meanwhile."),
        "start_and_new": _("5 lost of 100 at the start and 25 new is 4 %."),
    },
}


@dataclass(frozen=True)
class Choice:
    """One value that a switch may have."""

    value: str
    label: str
    meaning: str
    is_default: bool
    is_chosen: bool


@dataclass(frozen=True)
class Change:
    """A switch that is other than before, in words."""

    label: str
    before: str
    after: str


class SwitchesForm(forms.Form):
    """Every switch of PolicySwitches: a choice, or a number of days."""

    def __init__(self, data: Any = None, *, now: Mapping[str, object]) -> None:
        super().__init__(data, auto_id="switch_%s")
        for one in fields(PolicySwitches):
            field = self.fields[one.name] = _field(one)
            value = now.get(one.name, one.default)
            field.initial = value if value is None or isinstance(field, forms.IntegerField) else _written(value)

    def values(self) -> dict[str, object]:
        """Return the switches as the configuration keeps them: texts, whole numbers, true, false, or nothing."""
        found: dict[str, object] = {}
        for one in fields(PolicySwitches):
            given = self.cleaned_data[one.name]
            found[one.name] = given == "True" if isinstance(one.default, bool) else given
        return found

    def rows(self) -> list[tuple[Any, list[Choice]]]:
        """Return each field with its choices; no choices for a number of days."""
        return [(self[one.name], self._choices(one)) for one in fields(PolicySwitches)]

    def _choices(self, one: Field[Any]) -> list[Choice]:
        chosen, explained = str(self[one.name].value()), EXPLAINED.get(one.name, {})
        return [
            Choice(value, _word(value), str(explained.get(value, "")), value == _written(one.default), value == chosen)
            for value in _values(one)
        ]


class SwitchesRefused(Exception):
    """A switch has a value that cannot be; `form` says which."""

    def __init__(self, form: SwitchesForm) -> None:
        super().__init__(" ".join(str(said) for listed in form.errors.values() for said in listed))
        self.form = form


def values_of(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the switches of a form as the configuration keeps them.

    :raises SwitchesRefused: a value that cannot be.
    """
    form = SwitchesForm(data, now={})
    if not form.is_valid():
        raise SwitchesRefused(form)
    return form.values()


def given(now: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the switches as the form sends them."""
    found = [(one.name, now.get(one.name, one.default)) for one in fields(PolicySwitches)]
    return [(name, "" if value is None else _written(value)) for name, value in found]


def _field(one: Field[Any]) -> forms.Field:
    label, meaning = str(SWITCH_LABELS[one.name]), str(SWITCH_MEANINGS[one.name])
    if values := _values(one):
        return forms.ChoiceField(label=label, help_text=meaning, choices=[(value, value) for value in values])
    return forms.IntegerField(
        label=label, help_text=meaning, required=one.default is not None, min_value=0, max_value=MOST_DAYS
    )


def _values(one: Field[Any]) -> list[str]:
    """Return the values of a choice, the default first; none for a number of days."""
    if isinstance(one.default, bool):
        return [str(one.default), str(not one.default)]
    if isinstance(one.default, Enum):
        every = [str(value) for value in type(one.default)]
        return sorted(every, key=lambda value: value != str(one.default))
    return []


def _written(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _word(value: object) -> str:
    return str(CHOICES.get(str(value), value))


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[Change]:
    """Return what the second set of switches changes in the first, in words and in the order of the page."""
    found = []
    for one in fields(PolicySwitches):
        old, new = (given.get(one.name, one.default) for given in (before, after))
        if _written(old) != _written(new):
            found.append(Change(str(SWITCH_LABELS[one.name]), _said(old), _said(new)))
    return found


def _said(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return gettext("%(count)s days") % {"count": value}
    return _word(value)
