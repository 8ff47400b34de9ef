"""The form of one own metric: its words, its measures, its expression; and the entry of the blueprint that it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from django import forms
from django.utils.translation import gettext_lazy as _

from perennial.blueprint.actions import MOST_REASON
from perennial.blueprint.calculations.own_metrics import (
    MOST_EXPRESSION,
    MOST_MEASURES,
    MOST_OFFSET,
    MOST_WHERE,
    MOST_WINDOW,
)
from perennial.blueprint.terms import Better, MetricUnit
from perennial.reports.measure_words import AGGREGATES, DAYS, OF

Entry = dict[str, Any]
LANGUAGES = {"en": "en", "zh_hans": "zh-Hans", "zh_hant": "zh-Hant"}
PLACEHOLDER = {"en": "-", "zh-Hans": "-", "zh-Hant": "-"}
UNITS = {MetricUnit.NUMBER: _("Number"), MetricUnit.RATIO: _("Share, in percent"), MetricUnit.DAYS: _("Number of days")}
BETTER = {Better.HIGHER: _("More is better"), Better.LOWER: _("Less is better"), Better.NONE: _("Neither")}
_CODE = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "class": "code"}
_STEP = re.compile(r"\[\d+\]\.?")


class MetricForm(forms.Form):
    """The words of a metric, its unit and its expression, and why it is changed."""

    key = forms.CharField(
        label=_("Name in the API"), max_length=40, widget=forms.TextInput(attrs=_CODE),
        help_text=_("Of a-z, 0-9 and _; it stays."),
    )  # fmt: skip
    label_en = forms.CharField(label=_("Name in English"), max_length=60)
    label_zh_hans = forms.CharField(label=_("Name in simplified Chinese"), max_length=60)
    label_zh_hant = forms.CharField(label=_("Name in traditional Chinese"), max_length=60)
    definition_en = forms.CharField(
        label=_("Definition in English"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    definition_zh_hans = forms.CharField(
        label=_("Definition in simplified Chinese"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    definition_zh_hant = forms.CharField(
        label=_("Definition in traditional Chinese"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    unit = forms.ChoiceField(label=_("Written as"), choices=[(k.value, v) for k, v in UNITS.items()])
    better = forms.ChoiceField(label=_("Good news"), choices=[(k.value, v) for k, v in BETTER.items()])
    expression = forms.CharField(
        label=_("Expression"), max_length=MOST_EXPRESSION, required=False, widget=forms.TextInput(attrs=_CODE),
        help_text=_("Joins the measures by + - * / and brackets; seats are the contracted seats of the day. Also "
                    "log1p(a), least(a, 1.2), greatest, coalesce, case when a >= 5 then b / a end. "
                    "One measure alone needs none. What is divided by zero is unknown."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=MOST_REASON, help_text=_("Stands in the history, for who asks later.")
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["key"].widget.attrs["readonly"] = True

    def names(self) -> list[Any]:
        """Return the fields of the names, to be shown together."""
        return [self[f"label_{language}"] for language in LANGUAGES]

    def definitions(self) -> list[Any]:
        """Return the fields of the definitions, to be shown together."""
        return [self[f"definition_{language}"] for language in LANGUAGES]


class MeasureForm(forms.Form):
    """One measure of a metric; without a name it is none."""

    name = forms.CharField(
        label=_("Name of the measure"), max_length=40, required=False, widget=forms.TextInput(attrs=_CODE)
    )
    aggregate = forms.ChoiceField(label=_("How it counts"), choices=[(k.value, v) for k, v in AGGREGATES.items()])
    of = forms.ChoiceField(label=_("Of what"), choices=list(OF.items()), required=False)
    where = forms.CharField(
        label=_("Of which events"), max_length=MOST_WHERE, required=False,
        widget=forms.TextInput(attrs={**_CODE, "placeholder": "core"}),
    )  # fmt: skip
    window = forms.IntegerField(label=_("Window, days"), min_value=1, max_value=MOST_WINDOW, required=False)
    offset = forms.IntegerField(label=_("Days ago"), min_value=0, max_value=MOST_OFFSET, required=False)

    days = forms.ChoiceField(label=_("On which days"), choices=list(DAYS.items()), required=False)

    def entry(self) -> Entry:
        """Return the measure as the blueprint writes it, whatever is left out left out."""
        given = {name: self.cleaned_data.get(name) for name in ("aggregate", "of", "where", "window", "offset", "days")}
        return {name: value for name, value in given.items() if value not in ("", None)}


def measure_forms(post: Mapping[str, Any] | None, entry: Entry, *, more: int = 0) -> list[MeasureForm]:
    """Return the forms of a metric's measures, as they were sent or as they are in force; `more` empty ones besides."""
    if post is not None:
        count = sum(f"m{number}-aggregate" in post for number in range(MOST_MEASURES))
        forms_sent = [MeasureForm(post, prefix=f"m{number}") for number in range(count)]
    else:
        listed = entry.get("measures", {}).items()
        forms_sent = [MeasureForm(initial={"name": n, **m}, prefix=f"m{i}") for i, (n, m) in enumerate(listed)]
    start = len(forms_sent)
    empty = range(start, min(start + (more or not start), MOST_MEASURES))
    return [*forms_sent, *(MeasureForm(prefix=f"m{n}", initial={"window": 28}) for n in empty)]


def initial_of(entry: Entry) -> Entry:
    """Return a metric of the blueprint as the form shows it."""
    words = {f"{word}_{field}": entry.get(word, {}).get(language, "") for word in ("label", "definition")
             for field, language in LANGUAGES.items()}  # fmt: skip
    return {**words, **{name: entry.get(name, "") for name in ("key", "unit", "better", "expression")}}


def entry_of(form: MetricForm, measures: list[MeasureForm], *, is_trial: bool) -> Entry:
    """Return what the forms say as an entry of the blueprint; on trial its name and words do not matter yet."""
    given = form.cleaned_data
    words = {word: {language: given.get(f"{word}_{field}", "") for field, language in LANGUAGES.items()}
             for word in ("label", "definition")}  # fmt: skip
    entry: Entry = {
        "key": "on_trial" if is_trial else given["key"],
        "label": dict(PLACEHOLDER) if is_trial else words["label"],
        "definition": dict(PLACEHOLDER) if is_trial else words["definition"],
        "unit": given.get("unit") or MetricUnit.NUMBER.value,
        "better": given.get("better") or Better.NONE.value,
        "measures": {one.cleaned_data["name"]: one.entry() for one in measures if one.cleaned_data.get("name")},
    }
    if given.get("expression"):
        entry["expression"] = given["expression"]
    return entry


def place_of(place: str, measures: list[MeasureForm]) -> tuple[forms.Form | None, str]:
    """Return the form (None: that of the metric) and its field where a mistake of an entry stands; "" for the whole."""
    head, *inside = _STEP.sub("", place.removeprefix("metrics"), count=1).split(".")
    if head == "measures":
        for one in measures:
            if inside and one.cleaned_data.get("name") == inside[0]:
                return one, inside[1] if len(inside) > 1 and inside[1] in one.fields else "name"
        return (measures[0], "name") if measures else (None, "")
    field = f"{head}_{inside[0].replace('-', '_').lower()}" if inside else head
    return None, field if field in MetricForm.base_fields else ""


def written(entries: list[Entry], before: str) -> str:
    """Return the part's text with these entries, under the remark that heads the text before."""
    lines = before.splitlines()
    remark = lines[: next((n for n, one in enumerate(lines) if not one.startswith("#")), len(lines))]
    body = yaml.safe_dump({"metrics": entries}, sort_keys=False, allow_unicode=True, width=130)
    return "\n".join([*remark, body])
