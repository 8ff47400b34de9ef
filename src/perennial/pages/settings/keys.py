"""API keys: made, shown once, revoked. Whoever manages only his own sees only his own."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from perennial.members import access, actions, queries
from perennial.members.models import KeyScope, Member
from perennial.members.queries import KeyView
from perennial.pages.settings import tabs
from perennial.pages.settings.forms import SCOPES, KeyForm


def _keys(member: Member) -> list[KeyView]:
    sees_all = access.scope_of(member, "keys.manage") == "all"
    return queries.keys(member_id=None if sees_all else member.pk)


@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """List the keys; make an own one, which is shown this once."""
    member = tabs.member_of(request)
    form = KeyForm(request.POST or None)
    fresh = ""
    if form.is_valid():
        given = form.cleaned_data
        _id, fresh = actions.create_key(
            member_id=member.pk, name=given["name"], scope=given["scope"], by=member.pk, at=timezone.now()
        )
        form = KeyForm()
    rows = [(key, SCOPES[KeyScope(key.scope)]) for key in _keys(member)]
    context = {"rows": rows, "form": form, "fresh": fresh}
    return tabs.shown(request, "keys", context, tab="settings_keys", status=422 if form.errors else 200)


@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke a key that one sees (asked for in the browser first)."""
    member = tabs.member_of(request)
    if key_id not in {key.id for key in _keys(member)}:
        raise Http404
    actions.revoke_key(key_id=key_id, by=member.pk, at=timezone.now())
    messages.success(request, _("The key is revoked: requests with it are refused from now on."))
    return redirect("settings_keys")
