"""The own profile: language, theme, password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from perennial.members import actions
from perennial.members.actions import MemberError
from perennial.members.models import Member
from perennial.members.queries import by_id
from perennial.pages.settings import tabs
from perennial.pages.settings.forms import PasswordForm, PreferencesForm


@sensitive_post_parameters("present", "new")
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show and keep the own language and theme, or the own password."""
    member = tabs.member_of(request)
    is_password = request.POST.get("form") == "password"
    preferences = PreferencesForm(
        request.POST if request.method == "POST" and not is_password else None,
        initial={"language": member.language, "theme": member.theme},
    )
    password = PasswordForm(request.POST if is_password else None, member=member)
    if is_password and password.is_valid() and _set_password(request, member, password):
        return redirect("settings")
    if preferences.is_bound and preferences.is_valid():
        language = preferences.cleaned_data["language"]
        actions.set_preferences(member_id=member.pk, language=language, theme=preferences.cleaned_data["theme"])
        with translation.override(language):
            messages.success(request, _("Your settings are kept."))
        return redirect("settings")
    status = 422 if preferences.errors or password.errors else 200
    team = by_id(member.pk)
    context = {"preferences": preferences, "password": password, "me": team}
    return tabs.shown(request, "profile", context, tab="settings", status=status)


def _set_password(request: HttpRequest, member: Member, form: PasswordForm) -> bool:
    """Set the own password and stay signed in here; every other session ends."""
    try:
        actions.set_password(member_id=member.pk, password=form.cleaned_data["new"], by=member.pk, at=timezone.now())
    except MemberError as error:
        form.add_error("new", str(error))
        return False
    fresh = by_id(member.pk)
    if fresh is not None:
        update_session_auth_hash(request, fresh)
    messages.success(request, _("Your password is changed. Other devices are signed out."))
    return True
