"""The page of a password link: a member who was invited, or who forgot the password, sets the own one.

The secret stands behind the # of the address, so that it is in no log and no referrer; the form sends it once.
"""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from perennial.members import actions
from perennial.members.actions import MemberError
from perennial.members.queries import by_id
from perennial.pages.settings.forms import password_field


class WelcomeForm(forms.Form):
    """The secret of the link and the new password."""

    secret = forms.CharField(
        label=_("Code"), max_length=100, help_text=_("What stands behind the # of your link."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    password = password_field(_("New password"), is_new=True)


@sensitive_post_parameters("secret", "password")
@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Ask for the new password; set it and sign in. Looking changes nothing."""
    form = WelcomeForm(request.POST or None)
    if form.is_valid() and (answer := _signed_in(request, form)):
        return answer
    response = render(request, "settings/welcome.html", {"form": form}, status=422 if form.errors else 200)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _signed_in(request: HttpRequest, form: WelcomeForm) -> HttpResponse | None:
    """Set the password and sign in; where that cannot be, say why in the form and return None."""
    given = form.cleaned_data
    try:
        member_id = actions.use_password_link(given["secret"], password=given["password"], at=timezone.now())
    except MemberError as error:
        form.add_error("password", str(error))
        return None
    member = by_id(member_id) if member_id is not None else None
    if member is None:
        said = gettext("This link is used, replaced or too old. Ask your administrator for a new one.")
        form.add_error(None, said)
        return None
    login(request, member, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(settings.LOGIN_REDIRECT_URL)
