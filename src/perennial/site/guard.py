"""The guard of every address: deny by default; a page without a rule in rules.py is a 404 and a failing test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation

from perennial.kernel.organisation.queries import NotInitialised, house
from perennial.members import access
from perennial.site.rules import RULES, Rule

View = Callable[..., Any]


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Members are made by an admin or by `perennial member create`, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MemberLanguage:
    """Speaks the signed-in member's language; before sign-in the browser's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        member = access.member_of(request)
        language = member.language if member else translation.get_language_from_request(request)
        with translation.override(language), timezone.override(self._zone(request)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or "en")
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    def _zone(self, request: HttpRequest) -> tzinfo:
        """Return the organisation's zone, in which every instant is shown; UTC before there is one."""
        try:
            request.house = house()  # type: ignore[attr-defined]  # read once a request, for whoever asks next
        except (NotInitialised, DatabaseError):
            return UTC
        return request.house.timezone  # type: ignore[attr-defined,no-any-return]


class Guard:
    """Applies the rule of the address before its view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: View, _args: Any, _kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        rule = RULES.get(match.view_name) if match else None
        if rule is None:
            raise Http404
        return self._apply(rule, request)

    def _apply(self, rule: Rule, request: HttpRequest) -> HttpResponse | None:
        if rule.is_public or rule.by_key:
            return None  # public, or the API asks for its key itself (api/keys.py)
        member = access.member_of(request)
        if member is None:
            return redirect_to_login(request.get_full_path())
        if rule.ability is not None and not access.may(member, rule.ability):
            raise Http404
        return None
