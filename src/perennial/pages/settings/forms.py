"""The forms of the settings. What may be is decided by the actions; a form only reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries as blueprint
from perennial.blueprint.actions import MOST_REASON
from perennial.members.models import KeyScope, Member, Team

NEW_PASSWORD = _("At least 10 characters.")
THEMES = (("system", _("As the machine")), ("light", _("Light")), ("dark", _("Dark")))
SCOPES = {
    KeyScope.read: _("Read"),
    KeyScope.write: _("Read and write"),
    KeyScope.intake: _("Send usage events only"),
}


def role_choices() -> list[tuple[str, str]]:
    """Return the roles of the rights table in the reader's language."""
    return [(role.key, role.label.text(get_language() or "en")) for role in blueprint.rights().roles]


def password_field(label: Any, *, is_new: bool, required: bool = True) -> forms.CharField:
    """Return a field for a password, a new one or the present one."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password" if is_new else "current-password"})
    return forms.CharField(
        label=label,
        widget=widget,
        strip=False,
        required=required,
        max_length=200,
        help_text=NEW_PASSWORD if is_new else "",
    )


class PreferencesForm(forms.Form):
    """The own language and theme."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)


class PasswordForm(forms.Form):
    """The own password: the present one, and the new one."""

    present = password_field(_("Present password"), is_new=False)
    new = password_field(_("New password"), is_new=True)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._member = member

    def clean_present(self) -> str:
        present: str = self.cleaned_data["present"]
        if not self._member.check_password(present):
            raise forms.ValidationError(gettext("This is not your present password."))
        return present


class _TeamForm(forms.Form):
    """A form that offers the roles and the teams there are, or a new team by its name."""

    def __init__(self, *args: Any, teams: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("role", role_choices()),
            ("team", [("", gettext("No team")), *((str(team.pk), team.name) for team in teams)]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def team_id(self) -> int | None:
        """Return the chosen team's id, None for no team."""
        return int(self.cleaned_data["team"]) if self.cleaned_data["team"] else None


class NewMemberForm(_TeamForm):
    """A new member."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=100)
    role = forms.ChoiceField(label=_("Role"), initial="csm")
    team = forms.ChoiceField(label=_("Team"), required=False)
    password = password_field(_("First password"), is_new=True, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = _("Left empty, you get a link by which the member sets the own password.")


class MemberForm(_TeamForm):
    """What of a member an administrator changes."""

    name = forms.CharField(label=_("Name"), max_length=100)
    role = forms.ChoiceField(label=_("Role"))
    team = forms.ChoiceField(label=_("Team"), required=False)
    is_active = forms.BooleanField(
        label=_("May sign in"), required=False, help_text=_("Taken away, sessions and keys end at once.")
    )


class SetPasswordForm(forms.Form):
    """A password that an administrator sets for another member."""

    password = password_field(_("New password"), is_new=True)


class TeamNameForm(forms.Form):
    """A new team."""

    name = forms.CharField(label=_("Name"), max_length=100)


class KeyForm(forms.Form):
    """A new key of one's own."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Which script or system uses it."))
    scope = forms.ChoiceField(label=_("Scope"), choices=list(SCOPES.items()))


UNDATED = frozenset({"revenue", "rights", "own_metrics"})
"""Parts that hold for every day: a right is one of now, a ledger whose months were counted differently would not add
up, and a metric's days compare only where one definition made them all."""


class ReasonForm(forms.Form):
    """Why a change is made, and from which day on it holds."""

    reason = forms.CharField(
        label=_("Reason"), max_length=MOST_REASON, help_text=_("Stands in the history, for who asks later.")
    )
    since = forms.ChoiceField(
        label=_("In force"),
        choices=[
            ("today", _("from the as-of day on; earlier days keep what held then")),
            ("ever", _("for the past too; days computed from now on use it")),
        ],
        initial="today",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, part: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if part in UNDATED:
            del self.fields["since"]

    def from_on(self, today: date) -> date | None:
        """Return the first day on which the change holds; None: on every day."""
        return today if self.cleaned_data.get("since") == "today" else None
