"""The forms of Today: give an item to a colleague, put reasons away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from perennial.playbooks.putting_away import MOST_NOTE, Verdict
from perennial.playbooks.terms import EVERY_REASON, PUT_AWAY_DAYS, Why

DUE_AFTER_DAYS = 3
EVERY = "*"  # as the form says "every reason"
USUAL_DAYS = 30


class DelegateForm(forms.Form):
    """Who does what until when."""

    to = forms.TypedChoiceField(label=_("Who"), coerce=int)
    title = forms.CharField(label=_("What is to be done"), max_length=300)
    due_on = forms.DateField(label=_("Due"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on = on
        self.fields["to"].choices = list(people)  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["due_on"].initial = on + timedelta(days=DUE_AFTER_DAYS)

    def clean_due_on(self) -> date:
        due_on: date = self.cleaned_data["due_on"]
        if not self._on < due_on <= self._on + timedelta(days=366):
            raise ValidationError(gettext("Choose a later day, within a year."))
        return due_on


class PutAwayForm(forms.Form):
    """Which reasons are not useful, why, and for how long."""

    rules = forms.MultipleChoiceField(label=_("Which reason"), widget=forms.CheckboxSelectMultiple)
    why = forms.ChoiceField(label=_("Why"), choices=Why.choices, widget=forms.RadioSelect)
    days = forms.TypedChoiceField(label=_("For how long"), coerce=int, initial=USUAL_DAYS, widget=forms.RadioSelect)
    note = forms.CharField(label=_("In a few words"), max_length=MOST_NOTE, required=False)

    def __init__(self, *args: Any, reasons: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = (EVERY, gettext("Everything about this customer, also what comes new"))
        self.fields["rules"].choices = [*reasons, every]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["rules"].initial = [reasons[0][0]]
        self.fields["days"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (days, ngettext("%(count)d day", "%(count)d days", days) % {"count": days}) for days in PUT_AWAY_DAYS
        ]

    def clean(self) -> None:
        if self.cleaned_data.get("why") == Why.other and not self.cleaned_data.get("note"):
            self.add_error("note", gettext("Say in a few words why."))

    def verdict(self) -> Verdict:
        """Return what a valid form says; every reason leaves no other to be named."""
        data = self.cleaned_data
        rules = (EVERY_REASON,) if EVERY in data["rules"] else tuple(data["rules"])
        return Verdict(rules=rules, why=data["why"], days=data["days"], note=data["note"])
