"""Members, teams and roles, for those who manage members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from perennial.blueprint import queries as blueprint
from perennial.customers import lists, teams
from perennial.customers.catalogue import FIELDS
from perennial.customers.lists import Listing
from perennial.kernel.conditions.terms import Condition, FieldType, Op
from perennial.kernel.organisation.queries import house
from perennial.members import actions, queries
from perennial.members.actions import LINK_LASTS, MemberError
from perennial.members.models import Member
from perennial.pages.settings import tabs
from perennial.pages.settings.forms import MemberForm, NewMemberForm, SetPasswordForm, TeamNameForm, role_choices


@dataclass(frozen=True)
class Link:
    """A password link as it is shown, this once."""

    name: str
    url: str
    days: int


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest) -> HttpResponse:
    """List the members; add one, or a team."""
    found = queries.teams()
    asked = request.POST.get("form")
    new = NewMemberForm(request.POST if asked == "member" else None, teams=found)
    team = TeamNameForm(request.POST if asked == "team" else None, auto_id="team_%s")
    link = None
    if asked == "member" and new.is_valid() and _done(new, lambda: _add(request, new)):
        if new.cleaned_data["password"]:
            messages.success(request, _("%(name)s is a member now.") % {"name": new.cleaned_data["name"]})
            return redirect("settings_members")
        added = queries.by_email(new.cleaned_data["email"])
        link = None if added is None else _link(request, added)
        new = NewMemberForm(teams=found)
    if asked == "team" and team.is_valid():
        by = tabs.member_of(request).pk
        actions.create_team(name=team.cleaned_data["name"], by=by, at=timezone.now())
        messages.success(request, _("The team is there."))
        return redirect("settings_members")
    labels = dict(role_choices())
    rows = [(one, labels.get(one.role, one.role), _reach(one.role)) for one in queries.members()]
    context = {"rows": rows, "new": new, "team": team, "teams": found, "link": link}
    status = 422 if new.errors or team.errors else 200
    return tabs.shown(request, "members", context, tab="settings_members", status=status)


def _add(request: HttpRequest, form: NewMemberForm) -> None:
    given, by = form.cleaned_data, tabs.member_of(request)
    actions.create_member(
        email=given["email"], name=given["name"], role=given["role"], team_id=form.team_id(),
        password=given["password"] or None, language=house().language, by=by.pk, at=timezone.now(),
    )  # fmt: skip


def _done(form: forms.Form, act: Callable[[], None]) -> bool:
    """Act; where that cannot be, say why in the form."""
    try:
        act()
    except MemberError as error:
        form.add_error(None, str(error))
        return False
    return True


def _link(request: HttpRequest, one: Member) -> Link:
    secret = actions.make_password_link(member_id=one.pk, by=tabs.member_of(request).pk, at=timezone.now())
    return Link(one.name, f"{request.build_absolute_uri(reverse('welcome'))}#{secret}", LINK_LASTS.days)


def _reach(role: str) -> str:
    """Return whose customers a role sees, in words."""
    scope = blueprint.rights().role(role).abilities.get("customers.read")
    return {"all": _("all customers"), "team": _("the team's customers"), "own": _("the own customers")}.get(
        str(scope), _("no customers")
    )


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Change one member: name, role, team, whether he may sign in; set his password, or make a link for it."""
    found = queries.by_id(member_id)
    if found is None:
        raise Http404
    asked = request.POST.get("form")
    now = {"name": found.name, "role": found.role, "team": str(found.team_id or ""), "is_active": found.is_active}
    form = MemberForm(request.POST if asked == "member" else None, initial=now, teams=queries.teams())
    password = SetPasswordForm(request.POST if asked == "password" else None)
    nothing = forms.Form(request.POST if asked == "link" else None)
    if asked == "member" and form.is_valid() and _done(form, lambda: _change(request, found, form)):
        messages.success(request, _("%(name)s is changed.") % {"name": form.cleaned_data["name"]})
        return redirect("settings_members")
    if asked == "password" and password.is_valid() and _done(password, lambda: _set(request, found, password)):
        messages.success(request, _("The password is set. %(name)s is signed out everywhere.") % {"name": found.name})
        return redirect("settings_members")
    made: list[Link] = []
    if asked == "link" and nothing.is_valid():
        _done(nothing, lambda: made.append(_link(request, found)))
    status = 422 if form.errors or password.errors or nothing.errors else 200
    context = {"one": found, "form": form, "password": password, "link": made[0] if made else None, "asked": nothing,
               "days": LINK_LASTS.days, **_book(request, found)}  # fmt: skip
    return tabs.shown(request, "member", context, tab="settings_members", status=status)


def _book(request: HttpRequest, one: Member) -> dict[str, Any]:
    """Return how many customers a member owns and the address of their list; one count."""
    owned = Listing(tree=Condition("owner", FieldType.CHOICE, Op.IN, (str(one.pk),)))
    viewer, today = tabs.member_of(request), house().today(timezone.now())
    count = lists.rows_of(viewer, owned, as_of=today).count()
    return {"owns": count, "book": f"{reverse('customers')}?f=owner~in~{one.pk}", "reach": _reach(one.role)}


def _change(request: HttpRequest, found: Member, form: MemberForm) -> None:
    """Change the member; his customers follow him into another team at once, and so does who sees them."""
    given, team_id = form.cleaned_data, form.team_id()
    with transaction.atomic():
        actions.change_member(
            member_id=found.pk, name=given["name"], role=given["role"], team_id=team_id,
            is_active=given["is_active"], by=tabs.member_of(request).pk, at=timezone.now(),
        )  # fmt: skip
        teams.follow(owner_id=found.pk, team_id=team_id)


def _set(request: HttpRequest, found: Member, form: SetPasswordForm) -> None:
    by = tabs.member_of(request).pk
    actions.set_password(member_id=found.pk, password=form.cleaned_data["password"], by=by, at=timezone.now())


@require_GET
def roles(request: HttpRequest) -> HttpResponse:
    """Show who may do what, on whose customers, and what he never sees."""
    rights, language = blueprint.rights(), get_language() or "en"
    scopes = {"all": _("all"), "team": _("team"), "own": _("own")}
    table = [
        (ability.label.text(language), [scopes.get(str(role.abilities.get(ability.key, ""))) for role in rights.roles])
        for ability in rights.abilities
    ]
    hidden = [[str(FIELDS[key].label) for key in sorted(role.hidden_fields)] for role in rights.roles]
    heads = [role.label.text(language) for role in rights.roles]
    return tabs.shown(request, "roles", {"heads": heads, "table": table, "hidden": hidden}, tab="settings_roles")
