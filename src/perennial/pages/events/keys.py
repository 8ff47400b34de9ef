"""Write keys: made with their source and rate, shown once, revoked. Other keys have their own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from perennial.intake import actions, live, queries
from perennial.intake.actions import MOST_PER_SECOND, IntakeError
from perennial.members import actions as members
from perennial.pages.events import frame, guides
from perennial.pages.settings import tabs

NEW = "+"


class WriteKeyForm(forms.Form):
    """A new write key."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Which product or website sends with it."))
    source = forms.ChoiceField(
        label=_("Source of its ids"),
        help_text=_(
            "Whose ids its groups and users carry. If groupId is your CRM's account id, choose the CRM: "
            "then its customers are known at once."
        ),
    )
    new_source = forms.CharField(label=_("Name of the new source"), max_length=60, required=False)
    events_per_second = forms.IntegerField(
        label=_("Most events a second"),
        required=False,
        min_value=1,
        max_value=MOST_PER_SECOND,
        help_text=_("Empty: as many as there is room for. Beyond it, senders are asked to come again later."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.widget.attrs["data-parts"] = True
        source.choices = [*((name, name) for name in queries.sources()), (NEW, gettext("A new source…"))]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("source") == NEW and not (given.get("new_source") or "").strip():
            self.add_error("new_source", gettext("Name the new source."))
        return given

    def source_named(self) -> str:
        """Return the chosen source, or the new one."""
        given = self.cleaned_data
        return str(given["new_source"] if given["source"] == NEW else given["source"])


@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """List the write keys; make one, which is shown this once."""
    form, fresh = WriteKeyForm(request.POST or None), ""
    if form.is_valid():
        fresh = _made(request, form)
        form = WriteKeyForm() if fresh else form
    context: dict[str, Any] = {"rows": live.keys_with_last(), "form": form, "fresh": fresh}
    if fresh:
        context["example"] = guides.written("curl", host=guides.host_of(request), key=fresh)
    return frame.shown(request, "keys", context, here="settings_events", status=422 if form.errors else 200)


def _made(request: HttpRequest, form: WriteKeyForm) -> str:
    member = tabs.member_of(request)
    try:
        return actions.create_write_key(
            member_id=member.pk, name=form.cleaned_data["name"], source=form.source_named(),
            events_per_second=form.cleaned_data["events_per_second"], by=member.pk, at=timezone.now(),
        )[1]  # fmt: skip
    except IntakeError as error:
        form.add_error(None, str(error))
        return ""


@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke a write key (asked for in the browser first)."""
    if key_id not in {key.id for key in queries.write_keys()}:
        raise Http404
    members.revoke_key(key_id=key_id, by=tabs.member_of(request).pk, at=timezone.now())
    messages.success(request, gettext("The key is revoked: what is sent with it is refused from now on."))
    return redirect("settings_events")
