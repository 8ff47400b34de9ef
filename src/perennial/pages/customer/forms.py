"""The forms of the customer file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from perennial.customers.models import Contact
from perennial.engagement.terms import RATINGS, Channel
from perennial.pages.customer.words import RUNGS

MOST_TEXT = 4000
People = Sequence[tuple[int, str]]  # who may be chosen: id and name


def _day(label: Any, *, required: bool = False) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget)


class LogForm(forms.Form):
    """What happened: by which way, a line, the next step; the rest has its usual value.

    A next step with a day becomes a task. `fact` names the entry before it is written, so that a form sent twice logs
    once; `settles` says whether the customer is also done on Today.
    """

    fact = forms.UUIDField(widget=forms.HiddenInput, required=False)
    channel = forms.ChoiceField(label=_("How"), choices=Channel.choices, initial=Channel.note, widget=forms.RadioSelect)
    summary = forms.CharField(
        label=_("What happened"), max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 3, "autofocus": True})
    )
    rating = forms.TypedChoiceField(
        label=_("Pulse: how you judge the customer"), choices=[("", _("Not now")), *((n, str(n)) for n in RATINGS)],
        coerce=int, empty_value=None, required=False,
        help_text=_("1 is as good as lost, 5 thrives; what you wrote above is why."),
    )  # fmt: skip
    contact = forms.ChoiceField(label=_("With"), required=False)
    happened_on = _day(_("On"), required=True)
    next_step = forms.CharField(
        label=_("Next step"), max_length=300, required=False,
        help_text=_("With a day it becomes a task; without one it only stands in the log."),
    )  # fmt: skip
    due_on = _day(_("Due"))
    owner = forms.TypedChoiceField(label=_("Who"), coerce=int, required=False, empty_value=None)
    settles = forms.BooleanField(label=_("Done for today"), required=False)

    def __init__(self, *args: Any, contacts: Sequence[Contact], people: People, today: date, on: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._today, self._on = today, on
        known = [(str(c.fact), c.name) for c in contacts if c.left_on is None]
        self.fields["contact"].choices = [("", gettext("Nobody in particular")), *known]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["owner"].choices = list(people)  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["happened_on"].initial = today
        self.fields["happened_on"].widget.attrs["max"] = today.isoformat()
        self.fields["due_on"].widget.attrs["min"] = on.isoformat()
        if not people:  # who writes no tasks plans none
            del self.fields["due_on"], self.fields["owner"]

    def clean_happened_on(self) -> date:
        on: date = self.cleaned_data["happened_on"]
        if on > self._today:
            raise ValidationError(gettext("A touchpoint cannot lie in the future. Plan it as a task."))
        return on

    def clean_due_on(self) -> date | None:
        due_on: date | None = self.cleaned_data["due_on"]
        return None if due_on is None else _ahead(due_on, self._on)

    def clean(self) -> None:
        if self.cleaned_data.get("channel") == Channel.pulse and self.cleaned_data.get("rating") is None:
            self.add_error("rating", gettext("Say how you judge the customer, from 1 to 5."))
        if self.cleaned_data.get("due_on") and not self.cleaned_data.get("next_step"):
            self.add_error("next_step", gettext("Write what is to be done by then."))


def _ahead(due_on: date, on: date) -> date:
    """Return the day where it is today or within a year from now."""
    if not on <= due_on <= on + timedelta(days=366):
        raise ValidationError(gettext("Choose a day from today on, within a year."))
    return due_on


class TaskForm(forms.Form):
    """What is to be done, by when, by whom."""

    title = forms.CharField(
        label=_("What is to be done"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )
    due_on = _day(_("Due"))
    owner = forms.TypedChoiceField(label=_("Who"), coerce=int)

    def __init__(self, *args: Any, people: People, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = list(people)  # type: ignore[attr-defined]  # a ChoiceField


class OwnerForm(forms.Form):
    """Who owns the customer from today on."""

    owner = forms.TypedChoiceField(label=_("CSM"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, people: People, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", gettext("Nobody")), *people]  # type: ignore[attr-defined]  # a ChoiceField


class FactsForm(forms.Form):
    """What a person may correct: plain facts, tags, and the fields of one's own."""

    industry = forms.CharField(label=_("Industry"), max_length=100, required=False)
    country = forms.CharField(label=_("Country"), max_length=100, required=False)
    region = forms.CharField(label=_("Region"), max_length=100, required=False)
    segment = forms.CharField(label=_("Segment"), max_length=100, required=False)
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Parted by commas."))

    def __init__(self, *args: Any, custom: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._custom = custom
        for key, value in sorted(custom.items()):
            self.fields[f"custom:{key}"] = forms.CharField(
                label=key, max_length=500, required=False, initial="" if value is None else str(value)
            )

    def values(self) -> dict[str, Any]:
        """Return the facts as the room keeps them; an own field keeps its type where the text still is of it."""
        data = self.cleaned_data
        plain = {key: data[key].strip() or None for key in ("industry", "country", "region", "segment")}
        tags = data["tags"].replace("，", ",").split(",")
        custom = {key: _typed(data[f"custom:{key}"], old) for key, old in self._custom.items()}
        return {**plain, "tags": tags, "custom": custom}


def _typed(text: str, old: Any) -> Any:
    if text == ("" if old is None else str(old)):
        return old
    if not text:
        return None
    if isinstance(old, int | float) and not isinstance(old, bool):
        try:
            return type(old)(text)
        except ValueError:
            return text
    return text


class ContactForm(forms.Form):
    """A person at the customer."""

    name = forms.CharField(label=_("Name"), max_length=100)
    title = forms.CharField(label=_("Position"), max_length=100, required=False)
    level = forms.TypedChoiceField(
        label=_("Level"), coerce=int, required=False, empty_value=None,
        choices=[("", "–"), (1, _("1 · decides the contract")), (2, _("2 · day-to-day counterpart"))],
    )  # fmt: skip
    rung = forms.TypedChoiceField(
        label=_("Relationship"), coerce=int, required=False, empty_value=None,
        choices=[("", "–"), *enumerate(RUNGS)],
    )  # fmt: skip
    email = forms.EmailField(label=_("Mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=50, required=False)
    is_champion = forms.BooleanField(label=_("Champion: speaks for us inside"), required=False)
    left_on = _day(_("Left on"))
